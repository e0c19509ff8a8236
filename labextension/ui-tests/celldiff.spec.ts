import type { ICell, INotebookContent } from '@jupyterlab/nbformat';
import { expect, test } from 'vitest';

import { haveEqualOutputs, outputsOf, pairCells } from '../src/models/celldiff';

function makeCell(source: string | string[], changes: Partial<ICell> = {}): ICell {
  return { cell_type: 'code', source, metadata: {}, outputs: [], execution_count: 1, ...changes };
}

function makeNotebook(...cells: ICell[]): INotebookContent {
  return { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 };
}

/** The pairs in a few letters: `=` the same, `~` changed, `+` added, `-` removed. */
function told(before: ICell[], after: ICell[]): string {
  const signs = { same: '=', changed: '~', added: '+', removed: '-' };
  return pairCells(makeNotebook(...before), makeNotebook(...after))
    .map(({ change }) => signs[change])
    .join('');
}

const [a, b, c, d] = ['a = 1', 'b = 2', 'c = 3', 'd = 4'].map(source => makeCell(source));

test.each([
  ['nothing', [], [], ''],
  ['the same', [a, b, c], [a, b, c], '==='],
  [
    'what is trusted now',
    [makeCell('a', { metadata: { trusted: false } })],
    [makeCell('a', { metadata: { trusted: true } })],
    '='
  ],
  ['what is noted of it', [makeCell('a')], [makeCell('a', { metadata: { tags: ['x'] } })], '~'],
  ['a cell more in between', [a, c], [a, b, c], '=+='],
  ['a cell more at the end', [a], [a, b], '=+'],
  ['a cell less', [a, b, c], [a, c], '=-='],
  ['all is new', [], [a, b], '++'],
  ['all is gone', [a, b], [], '--'],
  ['a cell moved down', [a, b, c, d], [b, c, a, d], '-==+='],
  ['cells that are not alike', [a], [b], '-+']
])('%s', (_, before, after, expected) => {
  expect(told(before, after)).toBe(expected);
});

test('cells of one id are one cell, whatever became of it', () => {
  const before = makeCell('a = 1', { id: 'x' });
  expect(told([before], [makeCell('import this', { id: 'x' })])).toBe('~');
  expect(told([before], [makeCell('a = 1', { id: 'y' })])).toBe('=');
  expect(told([before], [makeCell('a = 1', { id: 'x', cell_type: 'markdown' })])).toBe('-+');
});

test('cells without ids are paired by the lines that they share', () => {
  const before = makeCell('import pandas\ndf = read()\ndf.head()');
  const after = makeCell('import pandas\ndf = read()\ndf.tail()');
  expect(told([before, b], [a, after, b])).toBe('+~=');
});

test('how a text is split, and how often a cell was executed, is no difference', () => {
  const stream = (text: string | string[]): ICell['outputs'] => [
    { output_type: 'stream', name: 'stdout', text }
  ];
  const before = makeCell('a\nb', { outputs: stream('1\n2') });
  const after = makeCell(['a\n', 'b'], { outputs: stream(['1\n', '2']), execution_count: 9 });
  expect(told([before], [after])).toBe('=');
  const other = makeCell('a\nb', { outputs: stream('3') });
  expect(haveEqualOutputs(before, other)).toBe(false);
  expect(told([before], [other])).toBe('~');
  expect(outputsOf(makeCell('# text', { cell_type: 'markdown', outputs: undefined }))).toEqual([]);
});

test('no cell is lost or told twice, however the two differ', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 16807) % 2147483647;
    return seed % below;
  };
  for (let round = 0; round < 200; round++) {
    const make = (): ICell[] =>
      Array.from({ length: random(12) }, () => makeCell(`x = ${random(6)}\ny = ${random(3)}`));
    const [before, after] = [make(), make()];
    const pairs = pairCells(makeNotebook(...before), makeNotebook(...after));
    expect(pairs.flatMap(pair => pair.before ?? [])).toEqual(before);
    expect(pairs.flatMap(pair => pair.after ?? [])).toEqual(after);
  }
});

test('very long notebooks are compared before somebody gives up waiting', () => {
  const many = (from: number): ICell[] =>
    Array.from({ length: 1500 }, (_, index) => makeCell(`x = ${from + index}`));
  expect(told(many(0), many(5000)).length).toBe(3000);
  expect(told([...many(0), a], [...many(0), b])).toBe(`${'='.repeat(1500)}-+`);
});
