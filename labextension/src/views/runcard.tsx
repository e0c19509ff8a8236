import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import {
  Button,
  caretDownIcon,
  caretRightIcon,
  filterIcon,
  linkIcon,
  notebookIcon,
  redoIcon,
  shareIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IReport } from '../client/reports';
import type { IRun } from '../client/runs';
import { isFinal } from '../client/runs';
import { scheduleIcon } from '../icons';
import { elapsedSeconds } from '../models/progress';
import { formatAgo, formatDuration, formatTime } from './format';
import { standing, STATUS_ICONS, statusLabel } from './status';

/** What can be done with a run. */
export interface IRunActions {
  cancel: (run: IRun) => void;
  rerun: (run: IRun) => void;
  openResult: (run: IRun) => void;
  openFailingCell: (run: IRun) => void;
  publish: (run: IRun) => void;
  copyLink: (report: IReport) => void;
  onlyJob: (job: string) => void;
}

export interface IRunCardProps {
  run: IRun;
  report: IReport | null;
  /** The server's time, in milliseconds. */
  now: number;
  /** Whether Tab reaches it. */
  reachable: boolean;
  actions: IRunActions;
  trans: TranslationBundle;
}

/** One run: where it stands, and what can be done with it. */
export function RunCard(props: IRunCardProps): JSX.Element {
  const { run, now, trans } = props;
  const [open, setOpen] = React.useState(false);
  const elapsed = elapsedSeconds(run, now);
  const toggle = (): void => setOpen(!open);
  const name = run.job.replace(/\.ipynb$/, '');
  return (
    <li
      className="jp-Omega-run"
      data-entry=""
      data-run={run.id}
      data-status={run.status}
      tabIndex={props.reachable ? 0 : -1}
      aria-label={trans.__('%1: %2', name, standing(run, trans))}
      onKeyDown={event => {
        if (event.key === 'Enter' && event.target === event.currentTarget) {
          toggle();
        }
      }}
    >
      <Head {...props} name={name} open={open} toggle={toggle} />
      <div className="jp-Omega-runLine">
        <span className="jp-Omega-runStanding">
          {standing(run, trans)}
          {elapsed !== null && <span> · {formatDuration(elapsed, trans)}</span>}
          {run.schedule && (
            <span className="jp-Omega-bySchedule" title={trans.__('A schedule started it')}>
              {' · '}
              <scheduleIcon.react tag="span" width="12px" height="12px" />
              <span className="jp-Omega-byScheduleText">{trans.__('by schedule')}</span>
            </span>
          )}
        </span>
        <time dateTime={run.queued_at} title={formatTime(run.queued_at)}>
          {formatAgo(run.queued_at)}
        </time>
      </div>
      {!isFinal(run) && <Progress run={run} trans={trans} />}
      {run.notice && <div className="jp-Omega-notice">{run.notice}</div>}
      {run.error && (
        <div className="jp-Omega-runError" title={run.error.message}>
          <strong>{run.error.name}</strong> {run.error.message}
        </div>
      )}
      <Actions {...props} />
      {open && <Details {...props} />}
    </li>
  );
}

interface IHeadProps extends IRunCardProps {
  name: string;
  open: boolean;
  toggle: () => void;
}

function Head({ run, reachable, trans, name, open, toggle }: IHeadProps): JSX.Element {
  const StatusIcon = STATUS_ICONS[run.status];
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <div className="jp-Omega-runHead" onClick={toggle}>
      <span className="jp-Omega-runStatus" title={statusLabel(run.status, trans)}>
        <StatusIcon.react tag="span" width="16px" height="16px" />
      </span>
      <span className="jp-Omega-runName" title={name}>
        <bdi>{name}</bdi>
      </span>
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

function Progress({ run, trans }: { run: IRun; trans: TranslationBundle }): JSX.Element {
  const { done, total } = run.progress;
  const known = run.status === 'running' && total > 0;
  return (
    <div
      className={`jp-Omega-progress${known ? '' : ' jp-mod-indeterminate'}`}
      role="progressbar"
      aria-label={trans.__('Cells done')}
      aria-valuemin={0}
      aria-valuemax={total || undefined}
      aria-valuenow={known ? done : undefined}
      aria-valuetext={standing(run, trans)}
    >
      <div style={known ? { width: `${(100 * done) / total}%` } : undefined} />
    </div>
  );
}

interface IAction {
  icon: LabIcon;
  label: string;
  act: () => void;
}

function Actions(props: IRunCardProps): JSX.Element {
  const { run, reachable } = props;
  return (
    <div className="jp-Omega-actions">
      {actionsOf(props).map(({ icon, label, act }) => (
        <Button
          key={label}
          minimal
          small
          className="jp-Omega-textButton"
          tabIndex={reachable ? 0 : -1}
          disabled={run.cancel_requested && !isFinal(run) && icon === stopIcon}
          onClick={act}
        >
          <icon.react tag="span" width="14px" height="14px" />
          {label}
        </Button>
      ))}
    </div>
  );
}

function actionsOf({ run, report, actions, trans }: IRunCardProps): IAction[] {
  const list: IAction[] = [];
  const add = (wanted: boolean, icon: LabIcon, label: string, act: () => void): void => {
    if (wanted) {
      list.push({ icon, label, act });
    }
  };
  const failedAt =
    run.status === 'failed' && typeof run.error?.cell === 'number' && run.result_path !== null;
  const open = run.status !== 'queued' && run.result_path !== null;
  add(failedAt, notebookIcon, trans.__('Open the failing cell'), () =>
    actions.openFailingCell(run)
  );
  add(open && !failedAt, notebookIcon, trans.__('Open result'), () => actions.openResult(run));
  add(!isFinal(run), stopIcon, trans.__('Cancel'), () => actions.cancel(run));
  add(isFinal(run), redoIcon, trans.__('Run again'), () => actions.rerun(run));
  if (report) {
    add(isFinal(run), linkIcon, trans.__('Copy report link'), () => actions.copyLink(report));
  } else {
    add(run.status === 'succeeded' && run.job_path !== null, shareIcon, trans.__('Publish'), () =>
      actions.publish(run)
    );
  }
  return list;
}

function Details({ run, reachable, actions, trans }: IRunCardProps): JSX.Element {
  const rows: [string, string | null][] = [
    [trans.__('Notebook'), trans.__('%1, revision %2', run.job, run.revision)],
    [trans.__('Parameters'), parametersText(run)],
    [trans.__('Queued'), formatTime(run.queued_at)],
    [trans.__('Started'), run.started_at && formatTime(run.started_at)],
    [trans.__('Ended'), run.ended_at && formatTime(run.ended_at)],
    [trans.__('Worker'), run.worker],
    [trans.__('Attempt'), trans.__('%1 of %2', run.attempt, run.max_attempts)],
    [trans.__('Asked for by'), run.owner || null],
    [trans.__('Schedule'), run.schedule],
    [trans.__('Result'), run.result],
    [trans.__('Run'), run.id]
  ];
  return (
    <>
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
      <div className="jp-Omega-actions">
        <Button
          minimal
          small
          className="jp-Omega-textButton"
          tabIndex={reachable ? 0 : -1}
          onClick={() => actions.onlyJob(run.job)}
        >
          <filterIcon.react tag="span" width="14px" height="14px" />
          {trans.__('Only the runs of this notebook')}
        </Button>
      </div>
    </>
  );
}

function parametersText(run: IRun): string {
  return Object.entries(run.parameters)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join('\n');
}
