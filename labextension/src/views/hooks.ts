import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Render again whenever the signal is emitted. */
export function useSignal<T>(signal: ISignal<T, unknown>): void {
  const [, render] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const slot = (): void => render();
    signal.connect(slot);
    // What was emitted since the first drawing, before anybody listened, is not missed.
    render();
    return () => void signal.disconnect(slot);
  }, [signal]);
}

/** The time in milliseconds, told anew each second while `ticking`. */
export function useNow(ticking: boolean): number {
  const [now, setNow] = React.useState(() => Date.now());
  React.useEffect(() => {
    if (!ticking) {
      return;
    }
    setNow(Date.now());
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, [ticking]);
  return now;
}

export interface IRoving {
  /** The entry that Tab reaches; the arrows go to the others. */
  current: number;
  onKeyDown: (event: React.KeyboardEvent<HTMLElement>) => void;
  onFocus: (event: React.FocusEvent<HTMLElement>) => void;
}

type Steps = Record<string, (index: number, last: number) => number>;

const next = (index: number, last: number): number => Math.min(index + 1, last);
const previous = (index: number): number => Math.max(index - 1, 0);
const ENDS: Steps = { Home: () => 0, End: (_, last) => last };
const DOWN: Steps = { ArrowDown: next, ArrowUp: previous, ...ENDS };
const ACROSS: Steps = { ArrowRight: next, ArrowLeft: previous, ...ENDS };

/** One stop for Tab, arrows inside: for a list whose entries carry `data-entry`. */
export function useRoving(count: number): IRoving {
  const [index, setIndex] = React.useState(0);
  return {
    current: Math.min(index, Math.max(count - 1, 0)),
    ...roving('[data-entry]', DOWN, setIndex)
  };
}

/** The same for a row of buttons; Tab reaches the one of `first` until another had the focus. */
export function useRovingRow(first: number): IRoving {
  const [index, setIndex] = React.useState<number | null>(null);
  return { current: index ?? Math.max(first, 0), ...roving('button', ACROSS, setIndex) };
}

function roving(
  selector: string,
  steps: Steps,
  setIndex: (index: number) => void
): Omit<IRoving, 'current'> {
  const entries = (list: HTMLElement): HTMLElement[] =>
    Array.from(list.querySelectorAll<HTMLElement>(selector));
  return {
    onKeyDown: event => {
      const all = entries(event.currentTarget);
      const at = all.findIndex(entry => entry.contains(event.target as Node));
      const step = steps[event.key];
      if (step && at >= 0) {
        event.preventDefault();
        all[step(at, all.length - 1)].focus();
      }
    },
    onFocus: event => {
      const at = entries(event.currentTarget).findIndex(entry => entry.contains(event.target));
      if (at >= 0) {
        setIndex(at);
      }
    }
  };
}
