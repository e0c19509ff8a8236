import type { TranslationBundle } from '@jupyterlab/translation';
import {
  deleteIcon,
  editIcon,
  historyIcon,
  pauseIcon,
  runIcon,
  undoIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IRun } from '../client/runs';
import type { ISchedule } from '../client/schedules';
import { clusterIcon, scheduleIcon } from '../icons';
import { Ago } from './ago';
import type { IAction } from './card';
import { Actions, Card, Details } from './card';
import {
  formatDuration,
  formatInZone,
  formatLimits,
  formatParameters,
  formatUntil
} from './format';
import { misfires, overlaps } from './scheduleform';
import { standing, STATUS_ICONS } from './status';

/** What can be done with a schedule. */
export interface IScheduleActions {
  run: (schedule: ISchedule) => void;
  pause: (schedule: ISchedule) => void;
  resume: (schedule: ISchedule) => void;
  edit: (schedule: ISchedule) => void;
  drop: (schedule: ISchedule) => void;
  /** Bring its notebook back from the trash. */
  restore: (schedule: ISchedule) => void;
  openResult: (run: IRun) => void;
  showRuns: (schedule: ISchedule) => void;
}

export interface IScheduleCardProps {
  schedule: ISchedule;
  /** The newest run it has started, as far as is known. */
  lastRun: IRun | null;
  /** The server's time, in milliseconds. */
  now: number;
  /** Whether Tab reaches it. */
  reachable: boolean;
  actions: IScheduleActions;
  trans: TranslationBundle;
}

/** One schedule: when it is due, how it went last, and what can be done with it. */
export function ScheduleCard(props: IScheduleCardProps): JSX.Element {
  const { schedule, trans } = props;
  const name = schedule.job.replace(/\.ipynb$/, '');
  return (
    <Card
      className="jp-Omega-scheduleCard"
      id={schedule.id}
      status={schedule.unable ? 'unable' : schedule.paused ? 'paused' : undefined}
      icon={schedule.paused ? pauseIcon : scheduleIcon}
      name={name}
      label={trans.__('%1: %2', name, schedule.unable ?? schedule.words)}
      badge={badgeOf(schedule, trans)}
      reachable={props.reachable}
      details={() => <Details rows={rowsOf(props)} />}
      trans={trans}
    >
      <div className="jp-Omega-entryLine">
        <span className="jp-Omega-words" title={`${schedule.words} · ${schedule.cron}`}>
          {schedule.words}
        </span>
      </div>
      {!schedule.unable && <NextDue {...props} />}
      <LastRun {...props} />
      {schedule.waiting.length > 0 && (
        <div className="jp-Omega-entryLine">
          {trans._n(
            '%1 run waits for it to end',
            '%1 runs wait for it to end',
            schedule.waiting.length
          )}
        </div>
      )}
      {(schedule.unable ?? schedule.notice) && (
        <div className="jp-Omega-notice">{schedule.unable ?? schedule.notice}</div>
      )}
      <Actions actions={actionsOf(props)} reachable={props.reachable} />
    </Card>
  );
}

function badgeOf({ unable, paused }: ISchedule, trans: TranslationBundle): string | null {
  if (unable) {
    return trans.__('Cannot run');
  }
  return paused ? trans.__('Paused') : null;
}

function NextDue({ schedule, now, trans }: IScheduleCardProps): JSX.Element {
  const { next_due: next, timezone, paused } = schedule;
  return (
    <div className="jp-Omega-entryLine" data-line="next">
      {next ? (
        <time dateTime={next} title={formatInZone(next, timezone, now)}>
          {trans.__('Next %1', formatUntil(next, now, trans))}
        </time>
      ) : (
        <span>{paused ? trans.__('Not due') : trans.__('Not due any more')}</span>
      )}
      <span className="jp-Omega-zone" title={trans.__('Time zone')}>
        {timezone}
      </span>
    </div>
  );
}

function LastRun({ lastRun, reachable, actions, trans }: IScheduleCardProps): JSX.Element | null {
  if (!lastRun) {
    return null;
  }
  const StatusIcon = STATUS_ICONS[lastRun.status];
  const text = trans.__('Last run: %1', standing(lastRun, trans).toLocaleLowerCase());
  return (
    <div className="jp-Omega-entryLine" data-line="last">
      <span className="jp-Omega-lastRun" data-status={lastRun.status}>
        <StatusIcon.react tag="span" width="14px" height="14px" />
        {lastRun.result_path !== null && lastRun.status !== 'queued' ? (
          <button
            type="button"
            className="jp-Omega-link"
            title={trans.__('Open result')}
            tabIndex={reachable ? 0 : -1}
            onClick={() => actions.openResult(lastRun)}
          >
            {text}
          </button>
        ) : (
          <span>{text}</span>
        )}
      </span>
      <Ago time={lastRun.queued_at} />
    </div>
  );
}

function actionsOf({ schedule, actions, trans }: IScheduleCardProps): (IAction | false)[] {
  const { paused, unable, trash } = schedule;
  const act = (action: (schedule: ISchedule) => void) => (): void => action(schedule);
  return [
    unable === null && {
      icon: clusterIcon,
      label: trans.__('Run now'),
      act: act(actions.run)
    },
    trash !== null && {
      icon: undoIcon,
      label: trans.__('Restore notebook'),
      act: act(actions.restore)
    },
    paused
      ? { icon: runIcon, label: trans.__('Resume'), act: act(actions.resume) }
      : { icon: pauseIcon, label: trans.__('Pause'), act: act(actions.pause) },
    { icon: historyIcon, label: trans.__('Runs'), act: act(actions.showRuns) },
    { icon: editIcon, label: trans.__('Edit'), act: act(actions.edit) },
    { icon: deleteIcon, label: trans.__('Drop'), act: act(actions.drop) }
  ];
}

function rowsOf({ schedule, now, trans }: IScheduleCardProps): [string, string | null][] {
  const { timezone } = schedule;
  const told = (time: string | null): string | null => time && formatInZone(time, timezone, now);
  return [
    [trans.__('Notebook'), schedule.job],
    [trans.__('Said as'), schedule.when],
    [trans.__('As cron'), schedule.cron],
    [trans.__('Time zone'), timezone],
    [trans.__('Since'), schedule.unable && schedule.notice],
    [trans.__('Next due'), told(schedule.next_due)],
    [trans.__('Last due'), told(schedule.last_due)],
    [trans.__('Begins'), told(schedule.starts_at)],
    [trans.__('Ends'), told(schedule.ends_at)],
    [trans.__('Parameters'), formatParameters(schedule.parameters)],
    [trans.__('If it still runs'), labelOf(overlaps(trans), schedule.overlap)],
    [trans.__('If missed'), labelOf(misfires(trans), schedule.misfire)],
    [trans.__('Report'), schedule.publish ? trans.__('Published') : null],
    [trans.__('Label'), schedule.label],
    [trans.__('Revision'), schedule.pinned || null],
    [
      trans.__('Starts later'),
      schedule.jitter ? trans.__('by %1 at most', formatDuration(schedule.jitter, trans)) : null
    ],
    [
      trans.__('Keeps'),
      schedule.keep === null
        ? null
        : trans._n('the last result', 'the last %1 results', schedule.keep)
    ],
    [trans.__('Experiment'), schedule.experiment || null],
    [trans.__('Limits'), formatLimits(schedule.limits, trans)],
    [trans.__('Made by'), schedule.owner || null],
    [trans.__('Schedule'), schedule.id]
  ];
}

function labelOf<T>(labels: [T, string][], value: T): string {
  return labels.find(([name]) => name === value)?.[1] ?? String(value);
}
