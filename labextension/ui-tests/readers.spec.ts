import { expect, test } from 'vitest';

import { readersOf } from '../src/views/readers';
import { trans } from './samples';

test('it is said who may read a report', () => {
  const link = 'https://lab.example.org/omega/reports/a';
  expect(readersOf('anyone', link, trans)).toBe('anyone with the link');
  expect(readersOf('signed-in', link, trans)).toBe('people signed in');
});

test.each(['127.0.0.1:8888', '127.1.2.3', 'localhost:8888', '[::1]:8888'])(
  'a link to %s is one for the machine that it is opened on',
  host => {
    const link = `http://${host}/omega/reports/a`;
    expect(readersOf('anyone', link, trans)).toBe('anyone with the link, on this machine only');
    expect(readersOf('signed-in', link, trans)).toBe('people signed in, on this machine only');
  }
);

test('a name that only looks like this machine is another one', () => {
  const link = 'https://127.0.0.1.example.org/omega/reports/a';
  expect(readersOf('anyone', link, trans)).toBe('anyone with the link');
});
