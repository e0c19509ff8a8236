import { expect, test } from 'vitest';

import { isMountPoint } from '../src/models/place';
import { Together } from '../src/models/together';

test('what is asked for in one turn is one question', async () => {
  const asked: (readonly string[])[] = [];
  const together = new Together<string>(all => {
    asked.push(all);
    return Promise.resolve(!all.includes('stays'));
  });
  expect(await Promise.all(['a', 'stays'].map(one => together.mayGo(one)))).toEqual([
    false,
    false
  ]);
  expect(await together.mayGo('b')).toBe(true);
  expect(asked).toEqual([['a', 'stays'], ['b']]);
});

test('who asks while a question is open asks anew', async () => {
  let answer: (goes: boolean) => void = () => undefined;
  const together = new Together<string>(() => new Promise(resolve => (answer = resolve)));
  const first = together.mayGo('a');
  await Promise.resolve();
  answer(true);
  expect(await first).toBe(true);
  const second = together.mayGo('b');
  await Promise.resolve();
  answer(false);
  expect(await second).toBe(false);
});

test('what is refused is refused as a whole', async () => {
  const together = new Together<string>(() => Promise.reject(new Error('no')));
  const answers = await Promise.allSettled([together.mayGo('a'), together.mayGo('b')]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('the folder of a mount is one, and nothing in it', () => {
  const status = { mount: '', beside: ['local', 'team'] };
  const is = (path: string): boolean => isMountPoint(status, path);
  expect(['local', 'team'].map(is)).toEqual([true, true]);
  expect(['', 'local/a', 'a', 'a/team'].map(is)).toEqual([false, false, false, false]);
  expect(isMountPoint({ mount: 'repo', beside: [] }, 'repo')).toBe(true);
  expect(isMountPoint({ mount: null, beside: [] }, 'repo')).toBe(false);
});
