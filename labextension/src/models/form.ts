import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';
import { JSONExt } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IParameter, ParameterType } from '../client/parameters';

/** One parameter and what was typed for it. A checkbox types `true` and `false`. */
export interface IField {
  readonly parameter: IParameter;
  readonly text: string;
  readonly error: string | null;
  readonly changed: boolean;
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
      return { parameter, ...this._check(parameter, text) };
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
    for (const { parameter, text, changed, error } of this._fields) {
      if (changed && error === null) {
        values[parameter.name] = parse(parameter, text, this._trans);
      }
    }
    return values;
  }

  set(name: string, text: string): void {
    this._refusal = null;
    this._update(name, parameter => this._check(parameter, text));
  }

  /** Back to the notebook's own value. */
  reset(name: string): void {
    this._update(name, parameter => ({ text: textOf(parameter), error: null, changed: false }));
  }

  refuse(message: string): void {
    this._refusal = message;
    this._changed.emit();
  }

  private _check(parameter: IParameter, text: string): Omit<IField, 'parameter'> {
    if (text === textOf(parameter)) {
      return { text, error: null, changed: false };
    }
    try {
      const value = parse(parameter, text, this._trans);
      return { text, error: null, changed: !JSONExt.deepEqual(value, parameter.default) };
    } catch (error) {
      return { text, error: (error as Error).message, changed: true };
    }
  }

  private _update(name: string, change: (p: IParameter) => Omit<IField, 'parameter'>): void {
    this._fields = this._fields.map(field =>
      field.parameter.name === name
        ? { parameter: field.parameter, ...change(field.parameter) }
        : field
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
