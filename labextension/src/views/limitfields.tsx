import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { LimitName } from '../client/limits';
import type { LimitsForm } from '../models/limitsform';
import { limitLabels } from '../models/limitsform';
import { useSignal } from './hooks';

export interface ILimitFieldsProps {
  form: LimitsForm;
  trans: TranslationBundle;
}

/** What a run may take and how often it is tried, folded away. */
export function LimitFields({ form, trans }: ILimitFieldsProps): JSX.Element {
  useSignal(form.changed);
  const [open, setOpen] = React.useState(!form.empty);
  const { refused } = form;
  React.useEffect(() => setOpen(was => was || refused !== null), [refused]);
  const labels = limitLabels(trans);
  return (
    <details className="jp-Omega-moreFields jp-Omega-limits" open={open}>
      <summary>{trans.__('Limits, retries and priority')}</summary>
      <div className="jp-Omega-form">
        {fields(trans).map(([name, example, hint]) => (
          <div key={name} className="jp-Omega-field">
            <label htmlFor={`jp-Omega-limit-${name}`}>{labels[name]}</label>
            <input
              id={`jp-Omega-limit-${name}`}
              className="jp-mod-styled"
              type="text"
              autoComplete="off"
              spellCheck={false}
              placeholder={trans.__('e.g. %1', example)}
              aria-describedby={`jp-Omega-limit-${name}-hint`}
              aria-invalid={refused?.name === name}
              value={form.text(name)}
              onChange={event => form.set(name, event.target.value)}
            />
            <span id={`jp-Omega-limit-${name}-hint`} className="jp-Omega-hint">
              {hint}
            </span>
            {refused?.name === name && <span className="jp-Omega-refusal">{refused.reason}</span>}
          </div>
        ))}
      </div>
    </details>
  );
}

/** Of each an example, and what comes of it. */
function fields(trans: TranslationBundle): [name: LimitName, example: string, hint: string][] {
  return [
    ['timeout', '10 min', trans.__('Then it is ended, and fails.')],
    [
      'cell_timeout',
      '90 s',
      trans.__('For each; the one that takes longer is interrupted, and the run fails.')
    ],
    ['memory', '2 GB', trans.__('For the kernel, with all that it starts.')],
    ['retries', '3', trans.__('So many more attempts when it fails, or when its worker is lost.')],
    ['retry_wait', '10 s', trans.__('Before the first; each further one waits twice as long.')],
    [
      'keep_kernel',
      '30 min',
      trans.__('When a cell fails, so that the run can be resumed there; 0 ends it at once.')
    ],
    [
      'priority',
      '5',
      trans.__('0 to 9: goes before runs with less that wait for the same workers.')
    ]
  ];
}
