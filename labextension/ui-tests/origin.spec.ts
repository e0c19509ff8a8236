import { expect, test } from 'vitest';

import { originOf } from '../src/models/origin';

test('what a run has left leads to the notebook that was run, wherever the repository is', () => {
  const told = { run: 'r', job: 'etl/report.ipynb' };
  expect(originOf('results/etl/report/2026.ipynb', told)).toBe('etl/report.ipynb');
  expect(originOf('repo/results/etl/report/2026.ipynb', told)).toBe('repo/etl/report.ipynb');
});

test('a copy elsewhere, and a notebook of somebody else among the results, is none', () => {
  expect(originOf('mine/copy.ipynb', { run: 'r', job: 'a.ipynb' })).toBeNull();
  expect(originOf('my results/copy.ipynb', { run: 'r', job: 'a.ipynb' })).toBeNull();
  expect(originOf('results/mine.ipynb', undefined)).toBeNull();
  expect(originOf('results/mine.ipynb', { job: 3 })).toBeNull();
});
