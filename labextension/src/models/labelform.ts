import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IWorker } from '../client/status';

/** What a run requires that does not say. */
export const DEFAULT_LABEL = 'default';

/** The label that a worker must offer, as it is typed; empty means the usual one. */
export class LabelForm {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get text(): string {
    return this._text;
  }

  /** Undefined when nothing was typed: the server then decides. */
  get label(): string | undefined {
    return this._text.trim() || undefined;
  }

  set(text: string): void {
    this._text = text;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _text = '';
}

/** The labels that workers offer, each once, in order. */
export function labelsOf(workers: readonly IWorker[]): string[] {
  return [...new Set(workers.map(worker => worker.label))].sort();
}

/** The kernels that the workers with a label have; empty when none of them tells. */
export function kernelsOf(workers: readonly IWorker[], label: string): string[] {
  const those = workers.filter(worker => worker.label === (label.trim() || DEFAULT_LABEL));
  return [...new Set(those.flatMap(worker => worker.kernels ?? []))].sort();
}

/** Whether no worker would take a run with this label at present. */
export function isUnoffered(workers: readonly IWorker[], label: string): boolean {
  return label.trim() !== '' && !labelsOf(workers).includes(label.trim());
}
