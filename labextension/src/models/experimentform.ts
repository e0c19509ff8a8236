import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

/** The experiment that a run is to be part of, as it is typed; empty means none. */
export class ExperimentForm {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get text(): string {
    return this._text;
  }

  /** Undefined when nothing was typed. */
  get experiment(): string | undefined {
    return this._text.trim() || undefined;
  }

  set(text: string): void {
    this._text = text;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _text = '';
}
