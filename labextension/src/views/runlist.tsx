import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RunStatus } from '../client/runs';
import { isFinal, STATUSES } from '../client/runs';
import type { ReportsModel } from '../models/reports';
import type { RunsModel } from '../models/runs';
import { scheduleIcon } from '../icons';
import { useNow, useSignal } from './hooks';
import { IconButton } from './iconbutton';
import { EntryList } from './listing';
import type { IRunActions } from './runcard';
import { RunCard } from './runcard';
import { Empty } from './states';
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
  const { model, reports, actions, skew, trans } = props;
  useSignal(model.changed);
  useSignal(reports.changed);
  const now = useNow(model.items.some(run => !isFinal(run)));
  return (
    <div className="jp-Omega-section">
      <Filters model={model} trans={trans} />
      <EntryList
        model={model}
        loading={trans.__('Loading runs…')}
        empty={<NoRuns model={model} trans={trans} />}
        trans={trans}
        label={trans.__('Runs')}
        entry={(run, reachable) => (
          <RunCard
            key={run.id}
            run={run}
            report={reports.ofJob(run.job)}
            now={now + skew()}
            reachable={reachable}
            actions={actions}
            trans={trans}
          />
        )}
      />
    </div>
  );
}

function Filters({ model, trans }: { model: RunsModel; trans: TranslationBundle }): JSX.Element {
  const { job, schedule, status } = model.filter;
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
          void model.setFilter({
            ...model.filter,
            status: (event.target.value || undefined) as RunStatus
          })
        }
      />
      {job && (
        <span
          className="jp-Omega-chip"
          title={schedule ? trans.__('Only the runs by one schedule of %1', job) : job}
        >
          {schedule && <scheduleIcon.react tag="span" width="14px" height="14px" />}
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
