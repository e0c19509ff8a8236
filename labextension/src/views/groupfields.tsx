import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ParametersForm } from '../models/form';
import type { GroupForm } from '../models/groupform';
import { useSignal } from './hooks';

export interface IGroupFieldsProps {
  form: ParametersForm;
  group: GroupForm;
  trans: TranslationBundle;
}

/** How many runs the values make, and how many of them may go at a time. */
export function GroupFields({ form, group, trans }: IGroupFieldsProps): JSX.Element | null {
  useSignal(form.changed);
  useSignal(group.changed);
  if (!form.fields.some(field => field.varied)) {
    return null;
  }
  return (
    <div className="jp-Omega-groupFields">
      <strong aria-live="polite" className="jp-Omega-groupCount">
        {form.valid && trans._n('%1 run', '%1 runs', form.count)}
      </strong>
      <label>
        {trans.__('At once, at most')}
        <input
          className="jp-mod-styled"
          type="text"
          inputMode="numeric"
          autoComplete="off"
          aria-invalid={!group.valid}
          placeholder={trans.__('all')}
          value={group.text}
          onChange={event => group.set(event.target.value)}
        />
      </label>
      {!group.valid && (
        <div className="jp-Omega-refusal" role="alert">
          {trans.__('Enter a whole number from 1, or leave it empty.')}
        </div>
      )}
    </div>
  );
}
