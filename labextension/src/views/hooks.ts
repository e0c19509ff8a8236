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

const STEPS: Record<string, (index: number, last: number) => number> = {
  ArrowDown: (index, last) => Math.min(index + 1, last),
  ArrowUp: index => Math.max(index - 1, 0),
  Home: () => 0,
  End: (_, last) => last
};

/** One stop for Tab, arrows inside: for a list whose entries carry `data-entry`. */
export function useRoving(count: number): IRoving {
  const [index, setIndex] = React.useState(0);
  const entries = (list: HTMLElement): HTMLElement[] =>
    Array.from(list.querySelectorAll<HTMLElement>('[data-entry]'));
  return {
    current: Math.min(index, Math.max(count - 1, 0)),
    onKeyDown: event => {
      const all = entries(event.currentTarget);
      const at = all.findIndex(entry => entry.contains(event.target as Node));
      const step = STEPS[event.key];
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
