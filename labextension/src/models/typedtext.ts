import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

/** A line that is typed into a form, and may be left empty. */
export class TypedText {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** As it is typed. */
  get text(): string {
    return this._text;
  }

  /** Undefined when nothing was typed: the server then decides. */
  get value(): string | undefined {
    return this._text.trim() || undefined;
  }

  set(text: string): void {
    this._text = text;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _text = '';
}
