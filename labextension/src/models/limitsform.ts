import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { AskedLimits, LimitName } from '../client/limits';

/** What was typed for the limits of a run; the server knows what it means. */
export class LimitsForm {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  text(name: LimitName): string {
    return this._texts.get(name) ?? '';
  }

  set(name: LimitName, text: string): void {
    this._texts.set(name, text);
    this._changed.emit();
  }

  /** What to ask for: what is left empty is as the settings of the server say. */
  values(): AskedLimits {
    const typed = [...this._texts].map(([name, text]) => [name, text.trim()] as const);
    return Object.fromEntries(typed.filter(([, text]) => text !== ''));
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _texts = new Map<LimitName, string>();
}
