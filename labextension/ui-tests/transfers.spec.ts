import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { LARGE, Transfers } from '../src/models/transfers';

describe('Transfers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('tells of what is large at once, and of anything else when it takes long', () => {
    const model = new Transfers();
    let changes = 0;
    model.changed.connect(() => changes++);
    const large = model.begin({ path: 'a/large.ipynb', way: 'open', size: LARGE });
    const small = model.begin({ path: 'small.ipynb', way: 'save', size: 10 });
    const quick = model.begin({ path: 'quick.ipynb', way: 'save', size: null });
    vi.advanceTimersByTime(100);
    quick();
    expect(model.shown.map(({ path }) => path)).toEqual(['a/large.ipynb']);
    vi.advanceTimersByTime(1000);
    expect(model.shown.map(({ path }) => path)).toEqual(['a/large.ipynb', 'small.ipynb']);
    large();
    small();
    small();
    expect(model.shown).toEqual([]);
    expect(changes).toBe(4);
  });

  it('tells of no save that waits for a person, who may give it up', () => {
    const model = new Transfers();
    const opening = model.begin({ path: 'a.ipynb', way: 'open', size: LARGE });
    const shown = model.begin({ path: 'b.ipynb', way: 'save', size: LARGE });
    model.begin({ path: 'c.ipynb', way: 'save', size: null });
    vi.advanceTimersByTime(100);
    model.pauseSaves();
    vi.advanceTimersByTime(2000);
    expect(model.shown.map(({ path }) => path)).toEqual(['a.ipynb']);
    shown();
    opening();
    expect(model.shown).toEqual([]);
  });
});
