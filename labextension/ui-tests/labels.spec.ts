import { expect, test } from 'vitest';

import type { IWorker } from '../src/client/status';
import { isUnoffered, kernelsOf, LabelForm, labelsOf } from '../src/models/labelform';

function makeWorker(label: string, kernels: string[] | null): IWorker {
  return {
    id: label,
    host: 'h',
    pid: 1,
    label,
    concurrency: 2,
    started_at: '2026-01-01T12:00:00+00:00',
    heartbeat_at: '2026-01-01T12:00:00+00:00',
    busy: 0,
    environments: 'install',
    kernels
  };
}

const WORKERS = [
  makeWorker('gpu', ['python3', 'cuda']),
  makeWorker('default', ['python3']),
  makeWorker('gpu', null)
];

test('labels are those of the workers, each once', () => {
  expect(labelsOf(WORKERS)).toEqual(['default', 'gpu']);
  expect(kernelsOf(WORKERS, ' gpu ')).toEqual(['cuda', 'python3']);
  expect(kernelsOf(WORKERS, '')).toEqual(['python3']);
  expect(kernelsOf(WORKERS, 'none')).toEqual([]);
});

test('a label that nobody offers is known, and none is no such label', () => {
  expect(isUnoffered(WORKERS, 'gpu ')).toBe(false);
  expect(isUnoffered(WORKERS, 'GPU')).toBe(true);
  expect(isUnoffered(WORKERS, ' ')).toBe(false);
  expect(isUnoffered([], 'gpu')).toBe(true);
});

test('what is typed is the label, and nothing is none', () => {
  const form = new LabelForm();
  let told = 0;
  form.changed.connect(() => told++);
  expect(form.label).toBe(undefined);
  form.set(' gpu ');
  expect([form.text, form.label, told]).toEqual([' gpu ', 'gpu', 1]);
  form.set('  ');
  expect(form.label).toBe(undefined);
});
