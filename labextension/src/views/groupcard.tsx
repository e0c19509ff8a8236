import type { TranslationBundle } from '@jupyterlab/translation';
import { redoIcon, stopIcon, tableRowsIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IGroup } from '../client/groups';
import { countFailed } from '../client/groups';
import type { RunStatus } from '../client/runs';
import { groupIcon } from '../icons';
import { Ago } from './ago';
import { Actions, Card, Details } from './card';
import { formatTime } from './format';
import { statusLabel } from './status';

/** What can be done with a group. */
export interface IGroupActions {
  compare: (group: IGroup) => void;
  cancel: (group: IGroup) => void;
  retry: (group: IGroup) => void;
}

export interface IGroupCardProps {
  group: IGroup;
  /** Whether Tab reaches it. */
  reachable: boolean;
  actions: IGroupActions;
  trans: TranslationBundle;
}

/** Runs that were asked for together, as one entry among the runs. */
export function GroupCard(props: IGroupCardProps): JSX.Element {
  const { group, reachable, actions, trans } = props;
  const { title, count, unfinished } = group;
  const failed = countFailed(group);
  return (
    <Card
      className="jp-Omega-runGroup"
      id={group.id}
      status={summary(group)}
      icon={groupIcon}
      iconLabel={trans.__('Group of runs')}
      name={title}
      label={trans.__('%1: %2', title, groupStanding(group, trans))}
      badge={trans._n('%1 run', '%1 runs', count)}
      reachable={reachable}
      details={() => <GroupDetails {...props} />}
      trans={trans}
    >
      <div className="jp-Omega-entryLine">
        <span className="jp-Omega-runStanding">{groupStanding(group, trans)}</span>
        <Ago time={group.created_at} />
      </div>
      <GroupBar group={group} trans={trans} />
      <Actions
        reachable={reachable}
        actions={[
          {
            icon: tableRowsIcon,
            label: trans.__('Compare'),
            act: () => actions.compare(group)
          },
          unfinished > 0 && {
            icon: stopIcon,
            label: trans.__('Cancel all'),
            act: () => actions.cancel(group),
            disabled: group.cancel_requested
          },
          failed > 0 && {
            icon: redoIcon,
            label: trans._n('Run %1 again', 'Run %1 again', failed),
            act: () => actions.retry(group)
          }
        ]}
      />
    </Card>
  );
}

/** The status that tells most about the whole. */
function summary({ counts, unfinished }: IGroup): RunStatus {
  if (unfinished > 0) {
    return 'running';
  }
  if (counts.failed || counts.lost) {
    return 'failed';
  }
  return counts.cancelled ? 'cancelled' : 'succeeded';
}

/** Where its runs stand, in a few words: `4 succeeded · 1 failed · 1 queued`. */
export function groupStanding({ counts }: IGroup, trans: TranslationBundle): string {
  return ORDER.filter(status => counts[status])
    .map(status => `${counts[status]} ${statusLabel(status, trans).toLocaleLowerCase()}`)
    .join(' · ');
}

const ENDS: readonly RunStatus[] = ['succeeded', 'failed', 'lost', 'cancelled'];
const ORDER: readonly RunStatus[] = [...ENDS, 'running', 'queued'];

/** How many runs have ended, and how; what only has begun is not done. */
export function GroupBar({
  group,
  trans
}: {
  group: IGroup;
  trans: TranslationBundle;
}): JSX.Element {
  const { count, unfinished, counts } = group;
  return (
    <div
      className="jp-Omega-groupBar"
      role="progressbar"
      aria-label={trans.__('Runs that have ended')}
      aria-valuemin={0}
      aria-valuemax={count}
      aria-valuenow={count - unfinished}
      aria-valuetext={groupStanding(group, trans)}
    >
      {ENDS.filter(status => counts[status]).map(status => (
        <div
          key={status}
          data-status={status}
          style={{ width: `${(100 * (counts[status] ?? 0)) / count}%` }}
        />
      ))}
    </div>
  );
}

function GroupDetails({ group, trans }: IGroupCardProps): JSX.Element {
  const rows: [string, string | null][] = [
    [trans.__('Notebooks'), group.jobs.join(', ')],
    [trans.__('Varied'), group.varied.join(', ') || null],
    [trans.__('At once'), group.at_once === null ? null : String(group.at_once)],
    [trans.__('Asked for'), formatTime(group.created_at)],
    [trans.__('Asked for by'), group.owner || null],
    [trans.__('Tags'), group.tags.join(', ') || null],
    [trans.__('Group'), group.id]
  ];
  return <Details rows={rows} />;
}
