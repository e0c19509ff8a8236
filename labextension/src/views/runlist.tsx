import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IRun, RunStatus } from '../client/runs';
import { isFinal, STATUSES } from '../client/runs';
import type { IGroup } from '../client/groups';
import type { GroupsModel } from '../models/groups';
import type { ReportsModel } from '../models/reports';
import type { RunsModel } from '../models/runs';
import { scheduleIcon } from '../icons';
import type { IGroupActions } from './groupcard';
import { GroupCard } from './groupcard';
import { useNow, useRoving, useSignal } from './hooks';
import { IconButton } from './iconbutton';
import { Listing } from './listing';
import type { IRunActions } from './runcard';
import { RunCard } from './runcard';
import { Empty, More } from './states';
import { statusLabel } from './status';

export interface IRunListProps {
  model: RunsModel;
  groups: GroupsModel;
  reports: ReportsModel;
  actions: IRunActions;
  groupActions: IGroupActions;
  /** Milliseconds that the server's clock is ahead. */
  skew: () => number;
  trans: TranslationBundle;
}

/** The runs and groups of runs, newest first. */
export function RunList(props: IRunListProps): JSX.Element {
  const { model, groups, reports, trans } = props;
  useSignal(model.changed);
  useSignal(groups.changed);
  useSignal(reports.changed);
  const { job } = model.filter;
  React.useEffect(() => void groups.setJob(job), [groups, job]);
  return (
    <div className="jp-Omega-section">
      <Filters model={model} trans={trans} />
      <Entries {...props} entries={entriesOf(model, groups)} />
    </div>
  );
}

/** Groups have one entry among the runs, by the time at which they were asked for. */
function entriesOf(model: RunsModel, groups: GroupsModel): (IRun | IGroup)[] {
  const { items } = model;
  const last = items.length < model.total ? timeOf(items[items.length - 1]) : -Infinity;
  const shown = model.alone ? groups.items.filter(group => timeOf(group) >= last) : [];
  return [...items, ...shown].sort((a, b) => timeOf(b) - timeOf(a));
}

function timeOf(entry: IRun | IGroup): number {
  return Date.parse(isGroup(entry) ? entry.created_at : entry.queued_at);
}

function isGroup(entry: IRun | IGroup): entry is IGroup {
  return 'counts' in entry;
}

function Entries(props: IRunListProps & { entries: (IRun | IGroup)[] }): JSX.Element {
  const { model, groups, reports, entries, actions, groupActions, skew, trans } = props;
  const now = useNow(model.items.some(run => !isFinal(run)));
  const roving = useRoving(entries.length);
  const list = (
    <ul
      className="jp-Omega-entries"
      aria-label={trans.__('Runs')}
      onKeyDown={roving.onKeyDown}
      onFocus={roving.onFocus}
    >
      {entries.map((entry, index) => {
        const shared = { reachable: index === roving.current, trans };
        return isGroup(entry) ? (
          <GroupCard {...shared} key={entry.id} group={entry} actions={groupActions} />
        ) : (
          <RunCard
            {...shared}
            key={entry.id}
            run={entry}
            report={reports.ofJob(entry.job)}
            now={now + skew()}
            actions={actions}
          />
        );
      })}
    </ul>
  );
  return model.items.length === 0 && entries.length > 0 ? (
    <>
      {list}
      <More
        shown={groups.items.length}
        total={groups.total}
        more={() => void groups.more()}
        trans={trans}
      />
    </>
  ) : (
    <Listing
      model={model}
      loading={trans.__('Loading runs…')}
      empty={<NoRuns model={model} trans={trans} />}
      trans={trans}
    >
      {list}
    </Listing>
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
