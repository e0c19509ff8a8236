import type { TranslationBundle } from '@jupyterlab/translation';
import { undoIcon } from '@jupyterlab/ui-components';
import { groupIcon } from '../icons';
import * as React from 'react';

import type { IField, ParametersForm } from '../models/form';
import { isJSON } from '../models/form';
import { useSignal } from './hooks';
import { IconButton } from './iconbutton';
import { Refusal } from './states';

export interface IParameterFieldsProps {
  form: ParametersForm;
  /** Whether a parameter may have several values, for several runs. */
  variable?: boolean;
  trans: TranslationBundle;
}

/** The parameters of a notebook as a form, one field each, checked while typing. */
export function ParameterFields(props: IParameterFieldsProps): JSX.Element {
  const { form, variable, trans } = props;
  useSignal(form.changed);
  return (
    <div className="jp-Omega-form">
      {form.fields.length === 0 && (
        <p className="jp-Omega-hint">
          {trans.__(
            'This notebook takes no parameters. To give it some, assign their defaults in one cell and add the tag “parameters” to it in the property inspector.'
          )}
        </p>
      )}
      {form.fields.map(field => (
        <Field
          key={field.parameter.name}
          field={field}
          form={form}
          variable={variable}
          trans={trans}
        />
      ))}
    </div>
  );
}

/** Why no run was queued, at the end of the whole form. */
export function RunRefusal({ form }: { form: ParametersForm }): JSX.Element {
  useSignal(form.changed);
  return <Refusal message={form.refusal} />;
}

interface IFieldProps extends IParameterFieldsProps {
  field: IField;
}

/** The id of the field of a parameter. */
export function parameterId(name: string): string {
  return `jp-Omega-parameter-${name}`;
}

function Field({ field, form, variable, trans }: IFieldProps): JSX.Element {
  const { name, type, help } = field.parameter;
  const id = parameterId(name);
  return (
    <div className="jp-Omega-field" data-parameter={name} data-changed={field.changed}>
      <div className="jp-Omega-fieldHead">
        <label htmlFor={id}>{name}</label>
        <span className="jp-Omega-type">{type === 'any' ? 'JSON' : type}</span>
        {variable && (
          <label className="jp-Omega-vary" title={trans.__('Give several values: a run for each')}>
            <input
              type="checkbox"
              aria-label={trans.__('Vary %1', name)}
              checked={field.varied}
              onChange={event => form.vary(name, event.target.checked)}
            />
            <groupIcon.react tag="span" width="12px" height="12px" />
            {trans.__('Vary')}
          </label>
        )}
        {(field.changed || field.error) && (
          <IconButton
            icon={undoIcon}
            label={trans.__('Back to the default of %1', name)}
            onClick={() => form.reset(name)}
          />
        )}
      </div>
      <Control field={field} id={id} set={text => form.set(name, text)} />
      {field.error && (
        <div id={`${id}-error`} className="jp-Omega-refusal" role="alert">
          {field.error}
        </div>
      )}
      <div id={`${id}-help`} className="jp-Omega-hint">
        {[help, field.varied ? trans.__('A value a line.') : '', defaultText(field, trans)]
          .filter(Boolean)
          .join(' · ')}
      </div>
    </div>
  );
}

function defaultText({ parameter }: IField, trans: TranslationBundle): string {
  return parameter.default === null
    ? trans.__('Left alone, the notebook decides.')
    : trans.__('Default: %1', JSON.stringify(parameter.default));
}

interface IControlProps {
  field: IField;
  id: string;
  set: (text: string) => void;
}

function Control({ field, id, set }: IControlProps): JSX.Element {
  const { parameter, text, error, varied } = field;
  const shared = {
    id,
    'aria-describedby': error ? `${id}-error ${id}-help` : `${id}-help`,
    'aria-invalid': error !== null
  };
  if (parameter.type === 'bool' && !varied) {
    return (
      <input
        {...shared}
        type="checkbox"
        checked={text === 'true'}
        onChange={event => set(String(event.target.checked))}
      />
    );
  }
  if (isJSON(parameter) || varied) {
    return (
      <textarea
        {...shared}
        className="jp-mod-styled jp-Omega-json"
        rows={Math.min(8, text.split('\n').length + 1)}
        spellCheck={false}
        value={text}
        onChange={event => set(event.target.value)}
      />
    );
  }
  return (
    <input
      {...shared}
      className="jp-mod-styled"
      // Not type=number: browsers then hide what was typed when it is no number.
      type="text"
      inputMode={
        parameter.type === 'int' ? 'numeric' : parameter.type === 'float' ? 'decimal' : 'text'
      }
      autoComplete="off"
      spellCheck={false}
      value={text}
      onChange={event => set(event.target.value)}
    />
  );
}
