import { expect, test } from 'vitest';

import type { IWorker } from '../src/client/status';
import { isUnoffered, kernelsOf, labelsOf } from '../src/models/labels';
import { TypedText } from '../src/models/typedtext';

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

test('what is typed has no space around it, and nothing is none', () => {
  const typed = new TypedText();
  let told = 0;
  typed.changed.connect(() => told++);
  expect(typed.value).toBe(undefined);
  typed.set(' gpu ');
  expect([typed.text, typed.value, told]).toEqual([' gpu ', 'gpu', 1]);
  typed.set('  ');
  expect(typed.value).toBe(undefined);
});
