import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RunStatus } from '../client/runs';
import { isFinal, STATUSES } from '../client/runs';
import type { ReportsModel } from '../models/reports';
import type { RunsModel } from '../models/runs';
import { useNow, useRoving, useSignal } from './hooks';
import { IconButton } from './iconbutton';
import type { IRunActions } from './runcard';
import { RunCard } from './runcard';
import { Empty, Failed, Loading, More } from './states';
import { statusLabel } from './status';

export interface IRunListProps {
  model: RunsModel;
  reports: ReportsModel;
  actions: IRunActions;
  /** Milliseconds that the server's clock is ahead. */
  skew: () => number;
  trans: TranslationBundle;
}

/** The runs, newest first. */
export function RunList(props: IRunListProps): JSX.Element {
  const { model, reports, trans } = props;
  useSignal(model.changed);
  useSignal(reports.changed);
  return (
    <div className="jp-Omega-section">
      <Filters model={model} trans={trans} />
      {model.error !== null && (
        <Failed message={model.error} retry={() => void model.refresh()} trans={trans} />
      )}
      {model.loading ? <Loading label={trans.__('Loading runs…')} /> : <Cards {...props} />}
    </div>
  );
}

function Filters({ model, trans }: { model: RunsModel; trans: TranslationBundle }): JSX.Element {
  const { job, status } = model.filter;
  return (
    <div className="jp-Omega-filters">
      <HTMLSelect
        aria-label={trans.__('Show runs with status')}
        value={status ?? ''}
        options={[
          { value: '', label: trans.__('All runs') },
          ...STATUSES.map(value => ({ value, label: statusLabel(value, trans) }))
        ]}
        onChange={event =>
          void model.setFilter({ job, status: (event.target.value || undefined) as RunStatus })
        }
      />
      {job && (
        <span className="jp-Omega-chip" title={job}>
          <span className="jp-Omega-chipText">
            <bdi>{job}</bdi>
          </span>
          <IconButton
            icon={closeIcon}
            label={trans.__('Show the runs of all notebooks')}
            onClick={() => void model.setFilter({ status })}
          />
        </span>
      )}
    </div>
  );
}

function Cards({ model, reports, actions, skew, trans }: IRunListProps): JSX.Element {
  const now = useNow(model.items.some(run => !isFinal(run)));
  const roving = useRoving(model.items.length);
  if (model.items.length === 0) {
    return model.error === null ? <NoRuns model={model} trans={trans} /> : <></>;
  }
  return (
    <>
      <ul
        className="jp-Omega-runs"
        aria-label={trans.__('Runs')}
        onKeyDown={roving.onKeyDown}
        onFocus={roving.onFocus}
      >
        {model.items.map((run, index) => (
          <RunCard
            key={run.id}
            run={run}
            report={reports.ofJob(run.job)}
            now={now + skew()}
            reachable={index === roving.current}
            actions={actions}
            trans={trans}
          />
        ))}
      </ul>
      <More
        shown={model.items.length}
        total={model.total}
        more={() => void model.more()}
        trans={trans}
      />
    </>
  );
}

function NoRuns({ model, trans }: { model: RunsModel; trans: TranslationBundle }): JSX.Element {
  const { job, status } = model.filter;
  return job || status ? (
    <Empty
      title={trans.__('No such runs')}
      hint={trans.__('Choose another status, or show the runs of all notebooks.')}
    />
  ) : (
    <Empty
      title={trans.__('Nothing has been run yet')}
      hint={trans.__('Right-click a notebook in the file browser and choose “Run on cluster”.')}
    />
  );
}
