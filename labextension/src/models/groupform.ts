import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

/** How many runs of a group may go at a time, as it is typed; empty means any number. */
export class GroupForm {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get text(): string {
    return this._text;
  }

  get valid(): boolean {
    return this._text.trim() === '' || /^[1-9]\d{0,5}$/.test(this._text.trim());
  }

  get atOnce(): number | null {
    return this.valid && this._text.trim() !== '' ? Number(this._text) : null;
  }

  set(text: string): void {
    this._text = text;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _text = '';
}
