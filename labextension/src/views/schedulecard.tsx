import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import {
  Button,
  caretDownIcon,
  caretRightIcon,
  deleteIcon,
  editIcon,
  pauseIcon,
  runIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IRun } from '../client/runs';
import type { ISchedule } from '../client/schedules';
import { clusterIcon, scheduleIcon } from '../icons';
import { formatAgo, formatInZone, formatTime, formatUntil } from './format';
import { misfires, overlaps } from './scheduleform';
import { standing, STATUS_ICONS } from './status';

/** What can be done with a schedule. */
export interface IScheduleActions {
  run: (schedule: ISchedule) => void;
  pause: (schedule: ISchedule) => void;
  resume: (schedule: ISchedule) => void;
  edit: (schedule: ISchedule) => void;
  drop: (schedule: ISchedule) => void;
  openResult: (run: IRun) => void;
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
  const [open, setOpen] = React.useState(false);
  const toggle = (): void => setOpen(!open);
  const name = schedule.job.replace(/\.ipynb$/, '');
  return (
    <li
      className="jp-Omega-scheduleCard"
      data-entry=""
      data-schedule={schedule.id}
      data-paused={schedule.paused}
      tabIndex={props.reachable ? 0 : -1}
      aria-label={trans.__('%1: %2', name, schedule.words)}
      onKeyDown={event => {
        if (event.key === 'Enter' && event.target === event.currentTarget) {
          toggle();
        }
      }}
    >
      <Head {...props} name={name} open={open} toggle={toggle} />
      <div className="jp-Omega-runLine">
        <span className="jp-Omega-words" title={`${schedule.words} · ${schedule.cron}`}>
          {schedule.words}
        </span>
      </div>
      <NextDue {...props} />
      <LastRun {...props} />
      {schedule.waiting.length > 0 && (
        <div className="jp-Omega-runLine">
          {trans._n(
            '%1 run waits for it to end',
            '%1 runs wait for it to end',
            schedule.waiting.length
          )}
        </div>
      )}
      {schedule.notice && <div className="jp-Omega-notice">{schedule.notice}</div>}
      <Actions {...props} />
      {open && <Details {...props} />}
    </li>
  );
}

interface IHeadProps extends IScheduleCardProps {
  name: string;
  open: boolean;
  toggle: () => void;
}

function Head({ schedule, reachable, trans, name, open, toggle }: IHeadProps): JSX.Element {
  const Icon = schedule.paused ? pauseIcon : scheduleIcon;
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <div className="jp-Omega-runHead" onClick={toggle}>
      <span className="jp-Omega-runStatus" aria-hidden="true">
        <Icon.react tag="span" width="16px" height="16px" />
      </span>
      <span className="jp-Omega-runName" title={name}>
        <bdi>{name}</bdi>
      </span>
      {schedule.paused && <span className="jp-Omega-badge">{trans.__('Paused')}</span>}
      <Button
        minimal
        small
        className="jp-Omega-iconButton"
        aria-expanded={open}
        aria-label={trans.__('Details')}
        title={trans.__('Details')}
        tabIndex={reachable ? 0 : -1}
      >
        <Caret.react tag="span" />
      </Button>
    </div>
  );
}

function NextDue({ schedule, now, trans }: IScheduleCardProps): JSX.Element {
  const { next_due: next, timezone, paused } = schedule;
  return (
    <div className="jp-Omega-runLine" data-line="next">
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
    <div className="jp-Omega-runLine" data-line="last">
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
      <time dateTime={lastRun.queued_at} title={formatTime(lastRun.queued_at)}>
        {formatAgo(lastRun.queued_at)}
      </time>
    </div>
  );
}

function Actions({ schedule, reachable, actions, trans }: IScheduleCardProps): JSX.Element {
  const list: [LabIcon, string, (schedule: ISchedule) => void][] = [
    [clusterIcon, trans.__('Run now'), actions.run],
    schedule.paused
      ? [runIcon, trans.__('Resume'), actions.resume]
      : [pauseIcon, trans.__('Pause'), actions.pause],
    [editIcon, trans.__('Edit'), actions.edit],
    [deleteIcon, trans.__('Drop'), actions.drop]
  ];
  return (
    <div className="jp-Omega-actions">
      {list.map(([icon, label, act]) => (
        <Button
          key={label}
          minimal
          small
          className="jp-Omega-textButton"
          tabIndex={reachable ? 0 : -1}
          onClick={() => act(schedule)}
        >
          <icon.react tag="span" width="14px" height="14px" />
          {label}
        </Button>
      ))}
    </div>
  );
}

function Details({ schedule, now, trans }: IScheduleCardProps): JSX.Element {
  const { timezone } = schedule;
  const told = (time: string | null): string | null => time && formatInZone(time, timezone, now);
  const rows: [string, string | null][] = [
    [trans.__('Notebook'), schedule.job],
    [trans.__('Said as'), schedule.when],
    [trans.__('As cron'), schedule.cron],
    [trans.__('Time zone'), timezone],
    [trans.__('Next due'), told(schedule.next_due)],
    [trans.__('Last due'), told(schedule.last_due)],
    [trans.__('Begins'), told(schedule.starts_at)],
    [trans.__('Ends'), told(schedule.ends_at)],
    [trans.__('Parameters'), parametersText(schedule)],
    [trans.__('If it still runs'), labelOf(overlaps(trans), schedule.overlap)],
    [trans.__('If missed'), labelOf(misfires(trans), schedule.misfire)],
    [trans.__('Report'), schedule.publish ? trans.__('Published') : null],
    [trans.__('Label'), schedule.label],
    [trans.__('Made by'), schedule.owner || null],
    [trans.__('Schedule'), schedule.id]
  ];
  return (
    <dl className="jp-Omega-details">
      {rows.map(([term, value]) =>
        value ? (
          <React.Fragment key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ) : null
      )}
    </dl>
  );
}

function parametersText({ parameters }: ISchedule): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join('\n');
}

function labelOf<T>(labels: [T, string][], value: T): string {
  return labels.find(([name]) => name === value)?.[1] ?? String(value);
}
