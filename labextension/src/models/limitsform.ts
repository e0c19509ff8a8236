import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { ApiError } from '../client/connection';
import type { AskedLimits, ILimits, LimitName } from '../client/limits';

/** What the limits are called where people see them. */
export function limitLabels(trans: TranslationBundle): Record<LimitName, string> {
  return {
    timeout: trans.__('Time for the run'),
    cell_timeout: trans.__('Time for a cell'),
    memory: trans.__('Memory'),
    retries: trans.__('Retries'),
    retry_wait: trans.__('Wait before a retry'),
    keep_kernel: trans.__('Keep the kernel'),
    priority: trans.__('Priority')
  };
}

/** How the server says that it does not understand one: its name, what was given, and why. */
const REFUSED = /^Limit '(\w+)' = .*?: (it must [^.]*)\./s;

/** What was typed for the limits of a run; the server knows what it means. */
export class LimitsForm {
  /** With the limits that there are already, where there are some. */
  constructor(known: Partial<ILimits> = {}) {
    for (const [name, value] of Object.entries(known)) {
      if (value !== null) {
        this._texts.set(name as LimitName, shown(name as LimitName, value));
      }
    }
  }

  /** Whether nothing stands there. */
  get empty(): boolean {
    return Object.keys(this.values()).length === 0;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  text(name: LimitName): string {
    return this._texts.get(name) ?? '';
  }

  set(name: LimitName, text: string): void {
    this._texts.set(name, text);
    if (this._refused?.name === name) {
      this._refused = null;
    }
    this._changed.emit();
  }

  /** Which one the server did not understand, and why. */
  get refused(): { name: LimitName; reason: string } | null {
    return this._refused;
  }

  /** Mark the one that an error is about; return what to say of it, null of other errors. */
  refuse(error: unknown, trans: TranslationBundle): string | null {
    const told = error instanceof ApiError ? REFUSED.exec(error.message) : null;
    if (told === null || !(told[1] in limitLabels(trans))) {
      return null;
    }
    const name = told[1] as LimitName;
    this._refused = { name, reason: told[2] };
    this._changed.emit();
    return trans.__('%1: %2', limitLabels(trans)[name], told[2]);
  }

  /** What to ask for: what is left empty is as the settings of the server say. */
  values(): AskedLimits {
    const typed = [...this._texts].map(([name, text]) => [name, text.trim()] as const);
    return Object.fromEntries(typed.filter(([, text]) => text !== ''));
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _texts = new Map<LimitName, string>();
  private _refused: { name: LimitName; reason: string } | null = null;
}

/** A limit as a person would type it. */
function shown(name: LimitName, value: number): string {
  if (name === 'retries' || name === 'priority') {
    return String(value);
  }
  return name === 'memory' ? inUnits(value, MEMORY_UNITS) : shownDuration(value);
}

/** Seconds as a person would type them, such as `10 min`. */
export function shownDuration(seconds: number): string {
  return inUnits(seconds, TIME_UNITS);
}

function inUnits(value: number, units: [size: number, name: string][]): string {
  const unit = units.find(([size]) => value >= size && value % size === 0);
  return unit ? `${value / unit[0]} ${unit[1]}` : String(value);
}

const TIME_UNITS: [number, string][] = [
  [3600, 'h'],
  [60, 'min'],
  [1, 's']
];
const MEMORY_UNITS: [number, string][] = [
  [1e9, 'GB'],
  [1e6, 'MB']
];
