import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { JSONExt } from '@lumino/coreutils';
import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';

import type { MetricValue } from '../client/experiments';
import type { IRun } from '../client/runs';
import type { IAttempt, ILimits, IUsage } from '../client/limits';
import { limitLabels } from '../models/limitsform';

/** A path, of which only the end is told, which tells most, where all of it fills a message. */
export function shortPath(path: string, most = 60): string {
  const letters = Array.from(path);
  return letters.length <= most ? path : `…${letters.slice(1 - most).join('')}`;
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A size as people read it: 1.4 MB. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A duration: 0.4 s, 22 s and, from a minute, as a clock shows it: 12:40, 1:02:03. */
export function formatDuration(seconds: number, trans: TranslationBundle): string {
  if (seconds < 60) {
    const short = seconds < 9.95 ? seconds.toFixed(1) : String(Math.floor(seconds));
    return trans.__('%1 s', short);
  }
  const whole = Math.floor(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** How long ago, in the fewest letters. */
export function formatAgo(time: string): string {
  return Time.formatHuman(time, 'narrow');
}

/** The full time, in the reader's own zone. */
export function formatTime(time: string): string {
  return Time.format(time);
}

/** The same to the second: what is close together is told apart. */
export function formatMoment(time: string): string {
  const style = { dateStyle: 'medium', timeStyle: 'medium' } as const;
  return new Intl.DateTimeFormat(language(), style).format(new Date(time));
}

/** The time of day to the second; of another day that and the minute, for there is little room. */
export function formatClock(time: string, now = new Date()): string {
  const moment = new Date(time);
  const year = moment.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  const style: Intl.DateTimeFormatOptions =
    moment.toDateString() === now.toDateString()
      ? { timeStyle: 'medium' }
      : { year, month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' };
  return new Intl.DateTimeFormat(language(), style).format(moment);
}

const STEPS: [Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 365.25 * 86_400],
  ['month', 30.44 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1]
];

/**
 * How long it is until a time to come, in the fewest letters; `now` in milliseconds.
 *
 * Never one of a unit, which would hide too much: an hour and three quarters is not `in 1h`.
 */
export function formatUntil(time: string, now: number, trans: TranslationBundle): string {
  const seconds = (Date.parse(time) - now) / 1000;
  if (seconds < 1) {
    return trans.__('now');
  }
  const step = STEPS.find(([, length]) => seconds >= 2 * length) ?? STEPS[STEPS.length - 1];
  const formatter = new Intl.RelativeTimeFormat(language(), { style: 'narrow' });
  return formatter.format(Math.floor(seconds / step[1]), step[0]);
}

/** A day and a time as the clocks of a time zone show them. */
export function formatInZone(time: string, timeZone: string, now = Date.now()): string {
  const date = new Date(time);
  const sameYear = date.getUTCFullYear() === new Date(now).getUTCFullYear();
  const options: Intl.DateTimeFormatOptions = {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: sameYear ? undefined : 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short'
  };
  try {
    return new Intl.DateTimeFormat(language(), { ...options, timeZone }).format(date);
  } catch {
    // The server knows a time zone that this browser does not.
    return new Intl.DateTimeFormat(language(), options).format(date);
  }
}

/** Parameters as they are written in a notebook, one a line. */
export function formatParameters(parameters: ReadonlyJSONObject): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join('\n');
}

/** What a run was given, in a line: `month=6, carrier="UA"`; of a call its arguments. */
export function formatGiven({ parameters, call }: Pick<IRun, 'parameters' | 'call'>): string {
  const named = Object.entries(parameters).map(([name, value]) => [name, JSON.stringify(value)]);
  const given = [...named, ...Object.entries(call?.kwargs ?? {})].map(pair => pair.join('='));
  return [...(call?.args ?? []), ...given].join(', ');
}

/** A value of a table: texts as they are, all else as JSON says it. */
export function formatValue(value: ReadonlyJSONValue | undefined): string {
  if (value === undefined || value === null) {
    return '';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What is told of an object, as text to read: of columns and of what has names, one a line. */
export function formatAttribute(value: ReadonlyJSONValue): string {
  if (JSONExt.isPrimitive(value)) {
    return formatValue(value);
  }
  const parts = JSONExt.isArray(value) ? value : Object.entries(value);
  return parts.every(JSONExt.isPrimitive)
    ? parts.map(formatValue).join(', ')
    : parts.map(part => fieldOf(part)).join('\n');
}

/** A column as `name: type`, whether it is told as a pair or by the names of both. */
function fieldOf(part: ReadonlyJSONValue): string {
  return JSONExt.isPrimitive(part)
    ? formatValue(part)
    : Object.values(part as object)
        .map(formatValue)
        .join(': ');
}

/** A number that was measured, short: what is beyond six digits tells nobody apart. */
export function formatMetric(value: MetricValue | undefined): string {
  if (typeof value !== 'number') {
    return value ?? '';
  }
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** What an attempt has used. */
export function formatUsage(usage: IUsage, trans: TranslationBundle): string {
  const time = formatDuration(usage.cpu_seconds, trans);
  return trans.__('%1 of CPU, at most %2 of memory', time, formatSize(usage.memory_peak));
}

/** What a run may take, one limit a line; null where all is free. */
export function formatLimits(
  limits: ILimits | undefined,
  trans: TranslationBundle
): string | null {
  const time = (seconds: number | null | undefined): string | null =>
    seconds === null || seconds === undefined ? null : formatDuration(seconds, trans);
  const memory = limits?.memory ?? null;
  const labels = limitLabels(trans);
  const lines: [string, string | null][] = [
    [labels.timeout, time(limits?.timeout)],
    [labels.cell_timeout, time(limits?.cell_timeout)],
    [labels.memory, memory === null ? null : formatSize(memory)],
    [labels.retries, limits?.retries?.toString() ?? null],
    [labels.retry_wait, time(limits?.retry_wait)],
    [labels.keep_kernel, time(limits?.keep_kernel)],
    [labels.priority, limits?.priority?.toString() ?? null]
  ];
  const told = lines.filter(([, value]) => value !== null);
  return told.length > 0 ? told.map(([name, value]) => `${name}: ${value}`).join('\n') : null;
}

/** How earlier attempts ended, one a line; null where there were none. */
export function formatAttempts(
  attempts: IAttempt[] | undefined,
  trans: TranslationBundle
): string | null {
  const lines = (attempts ?? []).map(({ number, status, error, usage }) => {
    const why = error === null ? '' : `${error.name} ${error.message}`;
    const how = status === 'lost' ? trans.__('lost') : trans.__('failed');
    const used = usage === null ? '' : ` (${formatUsage(usage, trans)})`;
    return `${trans.__('%1 %2: %3', number, how, why)}${used}`;
  });
  return lines.length > 0 ? lines.join('\n') : null;
}

function language(): string {
  return (typeof document !== 'undefined' && document.documentElement.lang) || 'en';
}
