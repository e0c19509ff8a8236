import { expect, test } from 'vitest';

import { ApiError } from '../src/client/connection';
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

test('the one that is refused is marked until it is typed anew, by the name people see', () => {
  const form = new LimitsForm();
  const said =
    "Limit 'cell_timeout' = 'so. long': it must be a time like 90, '90 s' or '10 min'. Mend it.";
  expect(form.refuse(new ApiError(said, 'InvalidLimitError', 400), trans)).toBe(
    "Time for a cell: it must be a time like 90, '90 s' or '10 min'"
  );
  expect(form.refused?.name).toBe('cell_timeout');
  form.set('timeout', '1 h');
  expect(form.refused?.name).toBe('cell_timeout');
  form.set('cell_timeout', '1 min');
  expect(form.refused).toBeNull();
  expect(form.refuse(new ApiError('No such notebook', 'HTTPError', 404), trans)).toBeNull();
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
