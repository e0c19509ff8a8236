import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IWorker } from '../client/status';
import { DEFAULT_LABEL, isUnoffered, kernelsOf, labelsOf } from '../models/labels';
import type { TypedText } from '../models/typedtext';
import { useSignal } from './hooks';

/** The id of the field. */
export const LABEL_ID = 'jp-Omega-label';

export interface ILabelFieldProps {
  value: string;
  set: (value: string) => void;
  /** Those that are alive, null when nobody could tell. */
  workers: readonly IWorker[] | null;
  trans: TranslationBundle;
}

/** What a worker must offer: one of the labels that there are, or any other word. */
export function LabelField({ value, set, workers, trans }: ILabelFieldProps): JSX.Element {
  const known = workers ?? [];
  const kernels = kernelsOf(known, value);
  return (
    <div className="jp-Omega-field">
      <label htmlFor={LABEL_ID}>{trans.__('Label')}</label>
      <input
        id={LABEL_ID}
        className="jp-mod-styled"
        type="text"
        list={`${LABEL_ID}s`}
        autoComplete="off"
        spellCheck={false}
        aria-describedby={`${LABEL_ID}-hint`}
        placeholder={DEFAULT_LABEL}
        value={value}
        onChange={event => set(event.target.value)}
      />
      <datalist id={`${LABEL_ID}s`}>
        {labelsOf(known).map(name => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <span id={`${LABEL_ID}-hint`} className="jp-Omega-hint">
        {trans.__('Only workers that offer it take the runs. Left empty: the usual ones.')}
        {kernels.length > 0 && ` ${trans.__('Their kernels: %1.', kernels.join(', '))}`}
      </span>
      <div role="status">
        {workers !== null && isUnoffered(workers, value) && (
          <div className="jp-Omega-notice">{warning(workers, value.trim(), trans)}</div>
        )}
      </div>
    </div>
  );
}

/** The same for a run. */
export function RunLabelField({
  typed,
  workers,
  trans
}: Pick<ILabelFieldProps, 'workers' | 'trans'> & { typed: TypedText }): JSX.Element {
  useSignal(typed.changed);
  return (
    <LabelField value={typed.text} set={text => typed.set(text)} workers={workers} trans={trans} />
  );
}

function warning(workers: readonly IWorker[], label: string, trans: TranslationBundle): string {
  const labels = labelsOf(workers);
  const waits = trans.__(
    'No worker offers “%1” at present: what requires it waits until one does.',
    label
  );
  return labels.length === 0 ? waits : `${waits} ${trans.__('There are: %1.', labels.join(', '))}`;
}
