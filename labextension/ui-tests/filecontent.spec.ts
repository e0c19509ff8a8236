import { expect, test } from 'vitest';

import { isShown, readFile } from '../src/models/filecontent';
import { wasSaver } from '../src/models/conflict';
import { jobAt, leavesHistory, patternOf, placeIn } from '../src/models/place';
import { formatAttribute } from '../src/views/format';

const read = (name: string, ...bytes: number[]): ReturnType<typeof readFile> =>
  readFile(name, new Uint8Array(bytes).buffer);

test('text is told by its bytes, in whichever encoding', () => {
  const utf8 = new TextEncoder().encode('Größe √\t\r\n');
  expect(readFile('a', utf8.buffer)).toEqual({
    form: 'text',
    text: 'Größe √\t\r\n',
    encoding: 'UTF-8'
  });
  expect(read('a.txt', 0x47, 0xf6)).toEqual({ form: 'text', text: 'Gö', encoding: 'Latin-1' });
  expect(read('a.txt', 0xff, 0xfe, 0x47, 0)).toMatchObject({ text: 'G', encoding: 'UTF-16' });
  expect(read('a.txt', 0xfe, 0xff, 0, 0x47)).toMatchObject({ text: 'G', encoding: 'UTF-16' });
  expect(read('a.txt')).toMatchObject({ form: 'text', text: '' });
});

test('what has bytes that no text has is binary, whatever its name', () => {
  expect(read('a.txt', 0x47, 0)).toEqual({ form: 'binary' });
  expect(read('a.py', 0x80, 0x04, 0x95)).toEqual({ form: 'binary' });
});

test('images are told by their names, and may be larger than texts', () => {
  expect(read('plot.PNG', 1)).toMatchObject({ form: 'image' });
  expect(read('plot.png')).toMatchObject({ form: 'text', text: '' });
  expect([isShown('a.png', 5e6), isShown('a.csv', 5e6), isShown('a.png', 5e7)]).toEqual([
    true,
    false,
    false
  ]);
});

test('a path is an object of the bucket that shows it, or none', () => {
  const status = {
    mount: '',
    beside: ['local', 'team', 'archive'],
    buckets: { team: 'write', archive: 'read' }
  } as const;
  const place = (path: string): unknown =>
    placeIn({ ...status, beside: [...status.beside] }, path);
  expect(place('a/b.md')).toEqual({ store: 'jobs', name: 'a/b.md', writable: true });
  expect(place('team/b.md')).toMatchObject({ name: 'b.md', bucket: 'team', writable: true });
  expect(place('archive/a/b.md')).toMatchObject({ name: 'a/b.md', writable: false });
  expect(place('teams/b.md')).toMatchObject({ name: 'teams/b.md' });
  expect([place('local/b.md'), place('team')]).toEqual([null, null]);
  const below = { mount: 'repo', beside: ['team'], buckets: { team: 'write' } } as const;
  const inside = (path: string): unknown => placeIn({ ...below, beside: ['team'] }, path);
  expect(inside('repo/x')).toEqual({ store: 'jobs', name: 'x', writable: true });
  expect(inside('team/x')).toMatchObject({ name: 'x', bucket: 'team' });
  expect([inside('x'), inside('repository/x')]).toEqual([null, null]);
  expect(placeIn({ mount: null, beside: [], buckets: {} }, 'x')).toBe(null);
});

test('a notebook elsewhere is run as its copy', () => {
  const buckets = { team: 'write', archive: 'read' } as const;
  const beside = { mount: '', beside: ['local'], buckets };
  expect(jobAt(beside, 'a/b.ipynb')).toBe('a/b.ipynb');
  expect(jobAt(beside, 'local/a/b.ipynb')).toBe('uploads/a/b.ipynb');
  expect(jobAt(beside, 'archive/b.ipynb')).toBe('uploads/archive/b.ipynb');
  const around = { mount: 'repo', beside: [], buckets: { team: 'write' } as const };
  expect(jobAt(around, 'repo/b.ipynb')).toBe('b.ipynb');
  expect(jobAt(around, 'a/b.ipynb')).toBe('uploads/a/b.ipynb');
  expect(jobAt(around, 'team/b.ipynb')).toBe('uploads/team/b.ipynb');
  expect(jobAt({ mount: null, beside: [], buckets: {} }, 'b.ipynb')).toBe(null);
});

test('what is moved to the disk leaves its history, and nothing else does', () => {
  const buckets = { team: 'write' } as const;
  const beside = { mount: '', beside: ['local'], buckets };
  const leaves = (from: string, to: string): boolean => leavesHistory(beside, from, to);
  expect(leaves('a/b.ipynb', 'local/b.ipynb')).toBe(true);
  expect(leaves('team/b.ipynb', 'local/b.ipynb')).toBe(true);
  expect(leaves('a/b.ipynb', 'team/b.ipynb')).toBe(false);
  expect(leaves('local/b.ipynb', 'a/b.ipynb')).toBe(false);
  expect(leaves('local/a.ipynb', 'local/b.ipynb')).toBe(false);
});

test('who saved it meanwhile may be the same person', () => {
  expect(wasSaver({ owner: 'ada', byRun: false }, 'ada')).toBe(true);
  expect(wasSaver({ owner: 'ada', byRun: true }, 'ada')).toBe(false);
  expect(wasSaver({ owner: 'bob', byRun: false }, 'ada')).toBe(false);
  expect(wasSaver({ owner: '', byRun: false }, '')).toBe(false);
});

test('what is told of an object is text to read', () => {
  const columns = [
    ['month', 'int64'],
    ['carrier code', 'string']
  ];
  const inputs = [
    { name: 'month', dtype: 'int64' },
    { name: 'carrier code', dtype: 'string' }
  ];
  for (const told of [columns, inputs, { month: 'int64', 'carrier code': 'string' }]) {
    expect(formatAttribute(told)).toBe('month: int64\ncarrier code: string');
  }
  expect(formatAttribute(['UA', 'DL'])).toBe('UA, DL');
  expect([formatAttribute('lz4'), formatAttribute(3), formatAttribute(null)]).toEqual([
    'lz4',
    '3',
    ''
  ]);
});

test('a pattern of names fits them and nothing else, whatever is in them', () => {
  const names = ['team', 'a.b', '[x] (1)+$', 'c|d', '日本-ü/', 'back\\slash'];
  const pattern = patternOf(names);
  for (const name of names) {
    expect(name.match(pattern)?.[0]).toBe(name);
  }
  for (const other of ['teams', 'my team', 'axb', 'c', 'd', '']) {
    expect(other.match(pattern)).toBeNull();
  }
});
