import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';
import { JSONExt } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Grid } from '../client/groups';
import type { IParameter, ParameterType } from '../client/parameters';

/** One parameter and what was typed for it. A checkbox types `true` and `false`. */
export interface IField {
  readonly parameter: IParameter;
  readonly text: string;
  readonly error: string | null;
  readonly changed: boolean;
  /** Whether each line is a value of its own, for a run of its own. */
  readonly varied: boolean;
}

/** The form in which a person gives parameters: what is typed, checked by type. */
export class ParametersForm {
  /** It begins with the notebook's defaults, and with `values` where these are given. */
  constructor(
    parameters: readonly IParameter[],
    trans: TranslationBundle,
    values: ReadonlyJSONObject = {}
  ) {
    this._trans = trans;
    this._fields = parameters.map(parameter => {
      const value = values[parameter.name];
      const text = value === undefined ? textOf(parameter) : write(parameter.type, value);
      return { parameter, ...this._check(parameter, text, false) };
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get fields(): readonly IField[] {
    return this._fields;
  }

  get valid(): boolean {
    return this._fields.every(field => field.error === null);
  }

  /** What the server said about the whole, shown until something is changed. */
  get refusal(): string | null {
    return this._refusal;
  }

  /** What differs from the defaults: the rest stays the notebook's own choice. */
  values(): ReadonlyJSONObject {
    const values: { [name: string]: ReadonlyJSONValue } = {};
    for (const { parameter, text, changed, error, varied } of this._fields) {
      if (changed && error === null && !varied) {
        values[parameter.name] = parse(parameter, text, this._trans);
      }
    }
    return values;
  }

  /** The values of each parameter that is varied. */
  grid(): Grid {
    const grid: { [name: string]: ReadonlyJSONValue[] } = {};
    for (const { parameter, text, error, varied } of this._fields) {
      if (varied && error === null) {
        grid[parameter.name] = parseLines(parameter, text, this._trans);
      }
    }
    return grid;
  }

  /** How many runs are asked for: one for each combination of values. */
  get count(): number {
    return Object.values(this.grid()).reduce((count, values) => count * values.length, 1);
  }

  set(name: string, text: string): void {
    this._refusal = null;
    this._update(name, field => this._check(field.parameter, text, field.varied));
  }

  /** Give a parameter several values, or one again. */
  vary(name: string, varied: boolean): void {
    this._refusal = null;
    this._update(name, ({ parameter, text }) => {
      const both = varied && parameter.type === 'bool';
      const first = varied ? text : (text.split('\n').find(line => line.trim()) ?? '');
      return this._check(parameter, both ? 'true\nfalse' : first, varied);
    });
  }

  /** Back to the notebook's own value. */
  reset(name: string): void {
    this._update(name, ({ parameter }) => ({
      text: textOf(parameter),
      error: null,
      changed: false,
      varied: false
    }));
  }

  refuse(message: string): void {
    this._refusal = message;
    this._changed.emit();
  }

  private _check(parameter: IParameter, text: string, varied: boolean): Omit<IField, 'parameter'> {
    if (text === textOf(parameter) && !varied) {
      return { text, error: null, changed: false, varied };
    }
    try {
      if (varied) {
        parseLines(parameter, text, this._trans);
        return { text, error: null, changed: true, varied };
      }
      const value = parse(parameter, text, this._trans);
      const changed = !JSONExt.deepEqual(value, parameter.default);
      return { text, error: null, changed, varied };
    } catch (error) {
      return { text, error: (error as Error).message, changed: true, varied };
    }
  }

  private _update(name: string, change: (field: IField) => Omit<IField, 'parameter'>): void {
    this._fields = this._fields.map(field =>
      field.parameter.name === name ? { parameter: field.parameter, ...change(field) } : field
    );
    this._changed.emit();
  }

  private readonly _trans: TranslationBundle;
  private readonly _changed = new Signal<this, void>(this);
  private _fields: IField[];
  private _refusal: string | null = null;
}

/** Whether a parameter is typed as JSON. */
export function isJSON(parameter: IParameter): boolean {
  return ['list', 'dict', 'any'].includes(parameter.type);
}

function textOf(parameter: IParameter): string {
  return write(parameter.type, parameter.default);
}

function write(type: ParameterType, value: ReadonlyJSONValue): string {
  if (value === null) {
    return '';
  }
  return type === 'str' && typeof value === 'string' ? value : JSON.stringify(value);
}

/** Read what was typed. @throws Error with what to type instead. */
function parse(parameter: IParameter, text: string, trans: TranslationBundle): ReadonlyJSONValue {
  switch (parameter.type) {
    case 'str':
      return text;
    case 'bool':
      return text === 'true';
    case 'int':
      return parseInteger(text.trim(), trans);
    case 'float':
      return parseFloating(text.trim(), trans);
    case 'list':
    case 'dict':
    case 'any':
      return parseJSON(parameter.type, text, trans);
  }
}

/** Read the values of a parameter that is varied, one a line; empty lines count for nothing. */
function parseLines(
  parameter: IParameter,
  text: string,
  trans: TranslationBundle
): ReadonlyJSONValue[] {
  const lines = text.split('\n');
  if (lines.every(line => line.trim() === '')) {
    throw new Error(trans.__('Enter a value a line.'));
  }
  return lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [parseLine(parameter, line, index + 1, trans)]
  );
}

function parseLine(
  parameter: IParameter,
  line: string,
  number: number,
  trans: TranslationBundle
): ReadonlyJSONValue {
  const isBool = parameter.type === 'bool';
  if (isBool && !['true', 'false'].includes(line.trim())) {
    throw new Error(trans.__('Enter true or false on each line.'));
  }
  try {
    return parse(parameter, isBool ? line.trim() : line, trans);
  } catch (error) {
    throw new Error(trans.__('Line %1: %2', number, (error as Error).message));
  }
}

function parseInteger(text: string, trans: TranslationBundle): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text)) {
    throw new Error(trans.__('Enter a whole number, for example 12.'));
  }
  if (!Number.isSafeInteger(value)) {
    throw new Error(trans.__('This number has too many digits.'));
  }
  return value;
}

function parseFloating(text: string, trans: TranslationBundle): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) {
    throw new Error(trans.__('Enter a number, for example 0.5.'));
  }
  return value;
}

function parseJSON(
  type: 'list' | 'dict' | 'any',
  text: string,
  trans: TranslationBundle
): ReadonlyJSONValue {
  let value: ReadonlyJSONValue;
  try {
    value = JSON.parse(text) as ReadonlyJSONValue;
  } catch (error) {
    throw new Error(trans.__('This is not JSON: %1', (error as Error).message));
  }
  if (type === 'list' && !Array.isArray(value)) {
    throw new Error(trans.__('Enter a list, for example ["a", "b"].'));
  }
  if (type === 'dict' && (value === null || typeof value !== 'object' || Array.isArray(value))) {
    throw new Error(trans.__('Enter a dict, for example {"a": 1}.'));
  }
  return value;
}
