import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { RefObject } from 'react';

import type { IRun, RunStatus } from '../client/runs';
import { isFinal, STATUSES } from '../client/runs';
import type { IGroup } from '../client/groups';
import type { GroupsModel } from '../models/groups';
import type { ReportsModel } from '../models/reports';
import type { RunChoice, RunsModel } from '../models/runs';
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
  const last = items[items.length - 1];
  const since = last && items.length < model.total ? timeOf(last) : -Infinity;
  const withGroups = model.alone && !model.filter.calls; // these are of notebooks
  const shown = withGroups ? groups.items.filter(group => timeOf(group) >= since) : [];
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
  const top = useTop(entries[0], model);
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
            report={reports.ofJob(entry.job_now)}
            now={now + skew()}
            actions={actions}
          />
        );
      })}
    </ul>
  );
  return (
    <div ref={top} className="jp-Omega-scroll">
      {model.items.length === 0 && entries.length > 0 ? (
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
      )}
    </div>
  );
}

/** A list that shows its top as soon as what somebody has asked for here stands there. */
function useTop(newest: IRun | IGroup | undefined, model: RunsModel): RefObject<HTMLDivElement> {
  const list = React.useRef<HTMLDivElement>(null);
  const id = newest?.id;
  const mine = id !== undefined && model.startedHere(id);
  React.useEffect(() => {
    if (mine) {
      list.current?.scrollTo({ top: 0 });
    }
  }, [id, mine]);
  return list;
}

/** Stands for the runs that no worker performed, among the statuses. */
const LOCAL = 'local';

function chosen(value: string): Omit<RunChoice, 'calls'> {
  return value === LOCAL ? { local: true } : { status: (value || undefined) as RunStatus };
}

interface IFiltersProps {
  model: RunsModel;
  trans: TranslationBundle;
}

/** Notebooks, calls or both; a model that is asked each second would bury the notebooks. */
function KindFilter({ model, trans }: IFiltersProps): JSX.Element {
  const { calls } = model.filter;
  return (
    <HTMLSelect
      aria-label={trans.__('Notebooks or calls')}
      value={calls === undefined ? '' : String(calls)}
      options={[
        { value: '', label: trans.__('All') },
        { value: 'false', label: trans.__('Notebooks') },
        { value: 'true', label: trans.__('Calls') }
      ]}
      onChange={({ target: { value } }) =>
        void model.showCalls(value === '' ? undefined : value === 'true')
      }
    />
  );
}

function Filters({ model, trans }: IFiltersProps): JSX.Element {
  const { job, schedule, status, local, calls } = model.filter;
  return (
    <div className="jp-Omega-filters">
      {!local && <KindFilter model={model} trans={trans} />}
      <HTMLSelect
        aria-label={trans.__('Which runs are shown')}
        value={local ? LOCAL : (status ?? '')}
        options={[
          { value: '', label: trans.__('On workers') },
          ...STATUSES.map(value => ({ value, label: statusLabel(value, trans) })),
          { value: LOCAL, label: trans.__('Local') }
        ]}
        onChange={event => void model.showStatus(chosen(event.target.value))}
      />
      {job && (
        <span
          className="jp-Omega-chip"
          title={schedule ? trans.__('Only the runs by one schedule of %1', job) : job}
        >
          {schedule && <scheduleIcon.react tag="span" width="14px" height="14px" />}
          <span className="jp-Omega-chipText">
            <bdi>{job.replace(/\.ipynb$/, '')}</bdi>
          </span>
          <IconButton
            icon={closeIcon}
            label={trans.__('Show all runs')}
            onClick={() => void model.setFilter({ status, calls })}
          />
        </span>
      )}
    </div>
  );
}

function NoRuns({ model, trans }: IFiltersProps): JSX.Element {
  const { job, status, local, calls } = model.filter;
  if (local && !job) {
    return (
      <Empty
        title={trans.__('No local runs')}
        hint={trans.__(
          'Code that you run yourself, and that logs to an experiment, is listed here.'
        )}
      />
    );
  }
  return job || status || calls !== undefined ? (
    <Empty
      title={trans.__('No such runs')}
      hint={trans.__('Choose another status, or show all runs.')}
    />
  ) : (
    <Empty
      title={trans.__('Nothing has been run yet')}
      hint={trans.__('Right-click a notebook in the file browser and choose “Run on cluster”.')}
    />
  );
}
