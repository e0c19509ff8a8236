import { expect, test } from 'vitest';

import { hasWidget, mayBeResult, originOf } from '../src/models/origin';

const WIDGET = 'application/vnd.jupyter.widget-view+json';

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

test('what is where runs leave their results may be one, wherever the repository is', () => {
  expect(mayBeResult('results/etl/report/2026.ipynb')).toBe(true);
  expect(mayBeResult('repo/results/mine.ipynb')).toBe(true);
  expect(mayBeResult('my results/mine.ipynb')).toBe(false);
  expect(mayBeResult('mine.ipynb')).toBe(false);
});

test('a cell has a widget if one of its outputs is one', () => {
  const cell = { cell_type: 'code', metadata: {}, source: '' };
  const widget = { output_type: 'display_data', data: { 'text/plain': 'x', [WIDGET]: {} } };
  expect(hasWidget({ ...cell, outputs: [{ output_type: 'stream', text: 'x' }, widget] })).toBe(
    true
  );
  expect(hasWidget({ ...cell, outputs: [{ output_type: 'stream', text: 'x' }] })).toBe(false);
  expect(hasWidget({ ...cell, cell_type: 'markdown' })).toBe(false);
});
