import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { TypedText } from '../models/typedtext';
import { useSignal } from './hooks';

const EXPERIMENT_ID = 'jp-Omega-experiment';

export interface IExperimentFieldProps {
  value: string;
  set: (value: string) => void;
  /** The names of those that there are. */
  known: readonly string[];
  trans: TranslationBundle;
}

/** What runs are to be part of: one of the experiments that there are, or a new one. */
export function ExperimentField({ value, set, known, trans }: IExperimentFieldProps): JSX.Element {
  const name = value.trim();
  const isNew = name !== '' && !known.includes(name);
  return (
    <div className="jp-Omega-field">
      <label htmlFor={EXPERIMENT_ID}>{trans.__('Experiment')}</label>
      <input
        id={EXPERIMENT_ID}
        className="jp-mod-styled"
        type="text"
        list={`${EXPERIMENT_ID}s`}
        autoComplete="off"
        spellCheck={false}
        aria-describedby={`${EXPERIMENT_ID}-hint`}
        placeholder={trans.__('none')}
        value={value}
        onChange={event => set(event.target.value)}
      />
      <datalist id={`${EXPERIMENT_ID}s`}>
        {known.map(each => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <span id={`${EXPERIMENT_ID}-hint`} className="jp-Omega-hint">
        {isNew
          ? trans.__('There is no “%1” yet: this begins it.', name)
          : trans.__('Runs of one experiment are compared by what they log.')}
      </span>
    </div>
  );
}

/** The same for a run. */
export function RunExperimentField({
  typed,
  known,
  trans
}: Pick<IExperimentFieldProps, 'known' | 'trans'> & { typed: TypedText }): JSX.Element {
  useSignal(typed.changed);
  return (
    <ExperimentField
      value={typed.text}
      set={text => typed.set(text)}
      known={known}
      trans={trans}
    />
  );
}
