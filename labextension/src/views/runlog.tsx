import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRun } from '../client/runs';
import { isCall, isFinal, titleOf } from '../client/runs';
import type { RunLogModel } from '../models/runlog';
import { Polled } from './polled';
import { standing } from './status';
import { Empty } from './states';

export interface IRunLogProps {
  model: RunLogModel;
  trans: TranslationBundle;
}

/** What a run has printed, and what its worker has installed for it. */
export function RunLog({ model, trans }: IRunLogProps): JSX.Element {
  return (
    <Polled
      model={model}
      told={() => model.run}
      loading={trans.__('Loading the log…')}
      trans={trans}
    >
      {run => (
        <>
          <div className="jp-Omega-groupHead">
            <h2>
              <bdi>{titleOf(run).replace(/\.ipynb$/, '')}</bdi>
            </h2>
            <span aria-live="polite">{standing(run, trans)}</span>
            <span className="jp-Omega-hint">{trans.__('Run %1', run.id)}</span>
          </div>
          {run.error && (
            <div className="jp-Omega-notice">
              <strong>{run.error.name}</strong> {run.error.message.split('\n')[0]}
            </div>
          )}
          <Text run={run} trans={trans} />
          <Traceback run={run} trans={trans} />
        </>
      )}
    </Polled>
  );
}

/** Where a call has failed; of a notebook its result shows that. */
function Traceback({ run, trans }: { run: IRun; trans: TranslationBundle }): JSX.Element | null {
  const lines = isCall(run) ? (run.error?.traceback ?? []) : [];
  return lines.length === 0 ? null : (
    <pre className="jp-Omega-log" tabIndex={0} aria-label={trans.__('Traceback')}>
      {lines.join('')}
    </pre>
  );
}

function Text({ run, trans }: { run: IRun; trans: TranslationBundle }): JSX.Element {
  const place = React.useRef<HTMLPreElement>(null);
  const atEnd = React.useRef(true);
  React.useEffect(() => {
    // What is new comes at the end: who reads further up stays there.
    if (place.current && atEnd.current) {
      place.current.scrollTop = place.current.scrollHeight;
    }
  }, [run.log]);
  if (!run.log) {
    return (
      <Empty
        title={isFinal(run) ? trans.__('Nothing was printed') : trans.__('Nothing is printed yet')}
        hint={
          isCall(run)
            ? trans.__('What a model or a script prints is here.')
            : trans.__('What the notebook prints is in its result, cell by cell.')
        }
      />
    );
  }
  return (
    <pre
      ref={place}
      className="jp-Omega-log"
      tabIndex={0}
      aria-label={trans.__('Log')}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        atEnd.current = scrollTop + clientHeight > scrollHeight - 20;
      }}
    >
      {run.log}
    </pre>
  );
}
