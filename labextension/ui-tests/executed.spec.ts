import { expect, it } from 'vitest';

import { cellOf } from '../src/models/executed';

const injected = { id: 'x', metadata: { tags: ['injected-parameters'] } };
const plain = ['a', 'b', 'c'].map(id => ({ id, metadata: {} }));
const [a, b, c] = plain;

it('finds a cell by its id, wherever it stands now', () => {
  expect(cellOf([a, injected, b, c], 2, ['a', 'b', 'c'])).toBe(1);
  expect(cellOf([a, injected, b, c], 3, ['c', 'new', 'a'])).toBe(0);
});

it('finds by its place what has no id, or was written anew', () => {
  const old = [{ metadata: {} }, { ...injected, id: undefined }, { metadata: {} }];
  expect(cellOf(old, 2, ['p', 'q'])).toBe(1);
  expect(cellOf([a, injected, b], 2, ['p', 'q'])).toBe(1);
});

it('finds nothing where nothing is', () => {
  expect(cellOf([a, b, c], 2, ['a', 'b'])).toBeNull();
  expect(cellOf([a, injected], 1, ['a', 'b'])).toBeNull();
  expect(cellOf([], 4, ['a'])).toBeNull();
});
