import { expect, test } from 'vitest';

import type { IParameter, ParameterType } from '../src/client/parameters';
import { ParametersForm } from '../src/models/form';
import { trans } from './samples';

function formOf(type: ParameterType, value: IParameter['default']): ParametersForm {
  return new ParametersForm([{ name: 'p', type, default: value, help: '' }], trans);
}

test.each<[ParameterType, IParameter['default'], string, unknown]>([
  ['int', 1, ' 42 ', 42],
  ['int', 1, '-7', -7],
  ['float', 1.5, '2', 2],
  ['float', 1.5, '1e-3', 0.001],
  ['str', 'a', ' b ', ' b '],
  ['str', 'a', '', ''],
  ['bool', false, 'true', true],
  ['bool', true, 'false', false],
  ['list', [], '["UA", 1]', ['UA', 1]],
  ['dict', {}, '{"a": [1]}', { a: [1] }],
  ['any', null, '"text"', 'text']
])('%s: with default %j, %j is read as %j', (type, value, text, wanted) => {
  const form = formOf(type, value);
  form.set('p', text);
  expect(form.valid).toBe(true);
  expect(form.values()).toEqual({ p: wanted });
});

test.each<[ParameterType, IParameter['default'], string]>([
  ['int', 1, '1.5'],
  ['int', 1, 'a'],
  ['int', 1, ''],
  ['int', 1, '99999999999999999999'],
  ['float', 1, 'x'],
  ['float', 1, ''],
  ['float', 1, 'Infinity'],
  ['list', [], '{}'],
  ['list', [], '[1'],
  ['dict', {}, '[]'],
  ['dict', {}, 'null'],
  ['any', null, 'text']
])('%s: %j takes no %j, and says so', (type, value, text) => {
  const form = formOf(type, value);
  form.set('p', text);
  expect(form.valid).toBe(false);
  expect(form.fields[0].error).toMatch(/\w/);
  expect(form.values()).toEqual({});
});

test('what is left alone, or equals the default, is not sent', () => {
  const form = new ParametersForm(
    [
      { name: 'a', type: 'int', default: 1, help: '' },
      { name: 'b', type: 'dict', default: { x: [1, 2] }, help: '' },
      { name: 'c', type: 'any', default: null, help: '' }
    ],
    trans
  );
  form.set('a', '1');
  form.set('b', '{ "x": [1,  2] }');
  form.set('c', '');
  expect(form.values()).toEqual({});
  expect(form.fields.map(field => field.changed)).toEqual([false, false, false]);
});

test('a value goes back to the default', () => {
  const form = formOf('int', 1);
  form.set('p', 'x');
  form.reset('p');
  expect(form.valid).toBe(true);
  expect(form.fields[0].text).toBe('1');
});

test('what the server refused is shown until something changes', () => {
  const form = formOf('int', 1);
  form.refuse('no');
  expect(form.refusal).toBe('no');
  form.set('p', '2');
  expect(form.refusal).toBeNull();
});

test('of several values the one that is wrong is told by its line', () => {
  const form = formOf('int', 1);
  form.vary('p', true);
  form.set('p', '9\n\nten\n11');
  expect(form.fields[0].error).toBe('Line 3: Enter a whole number, for example 12.');
  form.set('p', '9\n\n10\n');
  expect(form.grid()).toEqual({ p: [9, 10] });
});
