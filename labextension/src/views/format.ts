import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

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
