import { expect, test } from 'vitest';

import { hasWidget, mayBeResult, originOf, WIDGET } from '../src/models/origin';
import { formatClock } from '../src/views/format';

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

test('a moment of another day has its day, and room in a tab', () => {
  const now = new Date(2026, 10, 28, 12);
  const told = (...at: [number, number, number, number, number, number]): string =>
    formatClock(new Date(...at).toISOString(), now).replace(/\s/g, ' ');
  expect(told(2026, 10, 28, 9, 5, 7)).toBe('9:05:07 AM');
  expect(told(2026, 10, 27, 9, 5, 7)).toBe('Nov 27, 9:05 AM');
  expect(told(2025, 10, 27, 9, 5, 7)).toBe('Nov 27, 2025, 9:05 AM');
});
