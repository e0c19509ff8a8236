import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { LimitName } from '../client/limits';
import type { LimitsForm } from '../models/limitsform';
import { useSignal } from './hooks';

export interface ILimitFieldsProps {
  form: LimitsForm;
  trans: TranslationBundle;
}

/** What a run may take and how often it is tried, folded away. */
export function LimitFields({ form, trans }: ILimitFieldsProps): JSX.Element {
  useSignal(form.changed);
  const [open] = React.useState(!form.empty);
  return (
    <details className="jp-Omega-moreFields jp-Omega-limits" open={open}>
      <summary>{trans.__('Limits, retries and priority')}</summary>
      <div className="jp-Omega-form">
        {fields(trans).map(([name, label, example, hint]) => (
          <div key={name} className="jp-Omega-field">
            <label htmlFor={`jp-Omega-limit-${name}`}>{label}</label>
            <input
              id={`jp-Omega-limit-${name}`}
              className="jp-mod-styled"
              type="text"
              autoComplete="off"
              spellCheck={false}
              placeholder={example}
              aria-describedby={`jp-Omega-limit-${name}-hint`}
              value={form.text(name)}
              onChange={event => form.set(name, event.target.value)}
            />
            <span id={`jp-Omega-limit-${name}-hint`} className="jp-Omega-hint">
              {hint}
            </span>
          </div>
        ))}
      </div>
    </details>
  );
}

function fields(
  trans: TranslationBundle
): [name: LimitName, label: string, example: string, hint: string][] {
  return [
    ['timeout', trans.__('Time for the run'), '10 min', trans.__('Then it is ended, and fails.')],
    [
      'cell_timeout',
      trans.__('Time for a cell'),
      '90 s',
      trans.__('For each; the one that takes longer is interrupted, and the run fails.')
    ],
    ['memory', trans.__('Memory'), '2 GB', trans.__('For the kernel, with all that it starts.')],
    [
      'retries',
      trans.__('Retries'),
      '3',
      trans.__('So many more attempts when it fails, or when its worker is lost.')
    ],
    [
      'retry_wait',
      trans.__('Wait before a retry'),
      '10 s',
      trans.__('Before the first; each further one waits twice as long.')
    ],
    [
      'keep_kernel',
      trans.__('Keep the kernel'),
      '10 min',
      trans.__('When a cell fails, so that the run can be resumed there; 0 ends it at once.')
    ],
    [
      'priority',
      trans.__('Priority'),
      '0',
      trans.__('0 to 9: goes before runs with less that wait for the same workers.')
    ]
  ];
}
