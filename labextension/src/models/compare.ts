import type { ReadonlyJSONValue } from '@lumino/coreutils';

/** What a table sorts by: null where there is nothing. */
export type Sortable = number | string | null;

/** Return rows in the order of a value; those that have none come last, either way. */
export function sortedBy<T>(
  rows: readonly T[],
  valueOf: (row: T) => Sortable,
  descending: boolean
): T[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)];
    if (x === null || y === null) {
      return Number(x === null) - Number(y === null);
    }
    return sign * compare(x, y);
  });
}

/** Return a JSON value as one to sort by. */
export function sortable(value: ReadonlyJSONValue | undefined): Sortable {
  if (value === null || value === undefined || typeof value === 'number') {
    return value ?? null;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Numbers by what they are worth and before texts, which are compared as people read them. */
function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return a - b;
  }
  return typeof a === typeof b
    ? String(a).localeCompare(String(b), undefined, { numeric: true })
    : Number(typeof a === 'string') - Number(typeof b === 'string');
}
