import { YNotebook } from '@jupyter/ydoc';
import { expect, test } from 'vitest';

import { keepCalm } from '../src/models/kernelnotes';

const PYTHON = { name: 'python3', display_name: 'Python 3', language: 'python' };
const NOTED = { name: 'python', version: '3.11.7' };

/** A notebook as it was opened, and whether it has a kernel. */
function open(metadata: object, hasKernel = true): YNotebook {
  const notebook = YNotebook.create({ data: { metadata } as never });
  notebook.addCell({ cell_type: 'code', source: 'x' });
  notebook.dirty = false;
  keepCalm(notebook, () => hasKernel);
  return notebook;
}

test('what a kernel says of itself is no change, and is kept', () => {
  const model = open({ kernelspec: PYTHON });
  let told: unknown;
  model.changed.connect((_, { stateChange = [] }) => {
    told = stateChange.find(({ name }) => name === 'dirty')?.newValue ?? told;
  });
  model.setMetadata('language_info', NOTED);
  model.setMetadata('kernelspec', { ...PYTHON, display_name: 'Python 3 (ipykernel)' });
  expect(model.dirty).toBe(false);
  expect(told).toBe(false);
  expect(model.getMetadata('language_info')).toEqual(NOTED);
});

test('another kernel, and one where there was none, are changes', () => {
  for (const kernelspec of [
    { ...PYTHON, name: 'ir' },
    { name: '', display_name: '' },
    undefined
  ]) {
    const model = open(kernelspec ? { kernelspec } : {});
    model.setMetadata('language_info', NOTED);
    model.setMetadata('kernelspec', PYTHON);
    expect(model.dirty).toBe(true);
  }
});

test('what a person has changed stays changed', () => {
  const typed = open({ kernelspec: PYTHON });
  typed.getCell(0).setSource('y');
  typed.setMetadata('language_info', NOTED);
  const titled = open({ kernelspec: PYTHON });
  titled.setMetadata('title', 'mine');
  const both = open({ kernelspec: PYTHON });
  both.updateMetadata({ title: 'mine', language_info: NOTED });
  const after = open({ kernelspec: PYTHON });
  after.setMetadata('language_info', NOTED);
  after.getCell(0).setSource('y');
  const alone = open({ kernelspec: PYTHON }, false);
  alone.setMetadata('language_info', NOTED);
  for (const changed of [typed, titled, both, after, alone]) {
    expect(changed.dirty).toBe(true);
  }
});

test('places for what is not known yet are no change, before there is a kernel', () => {
  const notebook = open({}, false);
  notebook.setMetadata('language_info', { name: '' });
  notebook.setMetadata('kernelspec', { name: '', display_name: '' });
  expect(notebook.dirty).toBe(false);
  notebook.setMetadata('kernelspec', PYTHON);
  expect(notebook.dirty).toBe(true);
});

test('a note that made no difference is not remembered', async () => {
  const model = open({ kernelspec: PYTHON });
  model.transact(() => {
    model.setMetadata('language_info', NOTED);
    model.dirty = false;
  });
  await Promise.resolve();
  model.getCell(0).setSource('y');
  expect(model.dirty).toBe(true);
});
