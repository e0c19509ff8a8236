import { expect, test } from 'vitest';

import { LimitsForm } from '../src/models/limitsform';
import { formatLimits, formatUsage } from '../src/views/format';
import { trans } from './samples';

test('what is left empty is not asked for', () => {
  const form = new LimitsForm();
  expect(form.values()).toEqual({});
  form.set('timeout', ' 10 min ');
  form.set('memory', '2 GB');
  form.set('retries', '3');
  form.set('memory', '  ');
  expect(form.values()).toEqual({ timeout: '10 min', retries: '3' });
});

test('limits and use are told as people say them', () => {
  const none = {
    retries: null,
    retry_wait: null,
    timeout: null,
    cell_timeout: null,
    memory: null,
    keep_kernel: null,
    priority: null
  };
  expect(formatLimits(none, trans)).toBeNull();
  expect(formatLimits(undefined, trans)).toBeNull();
  expect(
    formatLimits({ ...none, timeout: 600, memory: 2e9, retries: 0, priority: 7 }, trans)
  ).toBe('Time for the run: 10:00\nMemory: 2.0 GB\nRetries: 0\nPriority: 7');
  expect(formatUsage({ cpu_seconds: 1.25, memory_peak: 150e6 }, trans)).toBe(
    '1.3 s of CPU, at most 150 MB of memory'
  );
});
