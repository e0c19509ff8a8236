import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import {
  editIcon,
  filterIcon,
  linkIcon,
  notebookIcon,
  redoIcon,
  runIcon,
  shareIcon,
  stopIcon,
  textEditorIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IReport } from '../client/reports';
import type { IFailure, IRun } from '../client/runs';
import { isCall, isFinal, isResumable, titleOf } from '../client/runs';
import { scheduleIcon } from '../icons';
import { elapsedSeconds } from '../models/progress';
import { Ago } from './ago';
import type { DetailRow, IAction } from './card';
import { Actions, Card, Details, timeRow } from './card';
import {
  formatAttempts,
  formatDuration,
  formatGiven,
  formatLimits,
  formatParameters,
  formatUsage
} from './format';
import { executedLabel, iconOfRun } from './kinds';
import { standing, STATUS_ICONS, statusLabel } from './status';

/** What can be done with a run. */
export interface IRunActions {
  cancel: (run: IRun) => void;
  rerun: (run: IRun) => void;
  resume: (run: IRun) => void;
  openResult: (run: IRun) => void;
  openFailingCell: (run: IRun) => void;
  openNotebook: (run: IRun) => void;
  openLog: (run: IRun) => void;
  publish: (run: IRun) => void;
  copyLink: (report: IReport) => void;
  onlyJob: (run: IRun) => void;
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
  const elapsed = elapsedSeconds(run, now);
  const name = titleOf(run).replace(/\.ipynb$/, '');
  const given = formatGiven(run);
  return (
    <Card
      className="jp-Omega-run"
      id={run.id}
      status={run.status}
      icon={STATUS_ICONS[run.status]}
      iconLabel={statusLabel(run.status, trans)}
      mark={isCall(run) ? { icon: iconOfRun(run), label: executedLabel(run, trans) } : undefined}
      name={name}
      label={trans.__('%1: %2', name, standing(run, trans))}
      badge={run.kind === 'local' ? trans.__('Local') : null}
      reachable={props.reachable}
      details={() => <RunDetails {...props} />}
      trans={trans}
    >
      <div className="jp-Omega-entryLine">
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
        <Ago time={run.queued_at} />
      </div>
      {given && (
        <div className="jp-Omega-given" title={given}>
          {given}
        </div>
      )}
      {!isFinal(run) && <Progress run={run} trans={trans} />}
      {run.notice && <div className="jp-Omega-notice">{run.notice}</div>}
      {run.error && (
        <div className="jp-Omega-runError" data-error={run.error.name} title={run.error.message}>
          <strong>{run.error.name}</strong> {told(run.error)}
        </div>
      )}
      <Actions actions={actionsOf(props)} reachable={props.reachable} />
    </Card>
  );
}

/** What failed. What an installer has said is not for a card: its log has that. */
function told({ name, message }: IFailure): string {
  return name === 'InstallationError' ? message.split('\n')[0] : message;
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

function actionsOf({ run, report, now, actions, trans }: IRunCardProps): (IAction | false)[] {
  const failedAt =
    run.status === 'failed' && typeof run.error?.cell === 'number' && run.result_path !== null;
  const open = run.status !== 'queued' && run.result_path !== null;
  const ended = isFinal(run);
  const publishable = !report && run.status === 'succeeded' && run.job_path !== null;
  const action = (icon: LabIcon, label: string, act: () => void, title?: string): IAction => ({
    icon,
    label,
    act,
    title
  });
  return [
    failedAt &&
      action(notebookIcon, trans.__('Open the failing cell'), () => actions.openFailingCell(run)),
    isResumable(run, now) &&
      action(runIcon, trans.__('Resume'), () => actions.resume(run), resumeTitle(trans)),
    failedAt &&
      run.job_path !== null &&
      action(
        editIcon,
        trans.__('Open the notebook'),
        () => actions.openNotebook(run),
        trans.__('Open the notebook at the cell that failed, to mend it')
      ),
    open &&
      !failedAt &&
      action(notebookIcon, trans.__('Open result'), () => actions.openResult(run)),
    (Boolean(run.log) || (isCall(run) && run.error !== null)) &&
      action(textEditorIcon, trans.__('Open log'), () => actions.openLog(run)),
    !ended && {
      ...action(stopIcon, trans.__('Cancel'), () => actions.cancel(run)),
      disabled: run.cancel_requested
    },
    ended &&
      run.kind !== 'local' &&
      action(redoIcon, trans.__('Run again'), () => actions.rerun(run)),
    ended &&
      report !== null &&
      action(linkIcon, trans.__('Copy report link'), () => actions.copyLink(report)),
    publishable && action(shareIcon, trans.__('Publish'), () => actions.publish(run))
  ];
}

function resumeTitle(trans: TranslationBundle): string {
  return trans.__('Go on at the failing cell, with the notebook as it is now');
}

function RunDetails({ run, reachable, actions, trans }: IRunCardProps): JSX.Element {
  const rows: DetailRow[] = [
    [
      executedLabel(run, trans),
      run.kind === 'local' ? run.job : trans.__('%1, revision %2', run.job, run.revision)
    ],
    [trans.__('Renamed'), run.job_now === run.job ? null : run.job_now],
    // On the card it is cut after some lines.
    [trans.__('Error'), run.error && `${run.error.name}: ${run.error.message}`],
    [trans.__('Performed'), run.kind === 'local' ? trans.__('By who asked for it') : null],
    [trans.__('Parameters'), formatParameters(run.parameters)],
    [trans.__('Called'), run.call ? `${run.call.method}(${formatGiven(run)})` : null],
    timeRow(trans.__('Queued'), run.queued_at),
    timeRow(trans.__('Started'), run.started_at),
    timeRow(trans.__('Ended'), run.ended_at),
    [trans.__('Worker'), run.worker],
    [
      trans.__('Attempt'),
      run.attempt > 1 || run.limits?.retries
        ? trans.__('%1 of %2', run.attempt, run.max_attempts)
        : null
    ],
    [trans.__('Earlier attempts'), formatAttempts(run.attempts, trans)],
    timeRow(trans.__('Next attempt'), run.retry_at),
    [trans.__('Resumes'), run.resumes ?? null],
    [trans.__('Resumed by'), run.resumed_by ?? null],
    timeRow(trans.__('Kernel kept until'), run.kept_until),
    [trans.__('Used'), run.usage ? formatUsage(run.usage, trans) : null],
    [trans.__('Limits'), formatLimits(run.limits, trans)],
    [trans.__('Tags'), run.tags?.join(', ') || null],
    [trans.__('Follows'), run.after?.join(', ') || null],
    [trans.__('Recorded'), run.recorded ? formatParameters(run.recorded) : null],
    [trans.__('Group'), run.group ?? null],
    [trans.__('Asked for by'), run.owner || null],
    [trans.__('Schedule'), run.schedule],
    [trans.__('Result'), run.result],
    [trans.__('Run'), run.id]
  ];
  const onlyThis = {
    icon: filterIcon,
    label: isCall(run)
      ? trans.__('Only the runs of “%1”', run.job_now)
      : trans.__('Only the runs of this notebook'),
    act: () => actions.onlyJob(run)
  };
  return (
    <>
      <Details rows={rows} />
      <Actions actions={[onlyThis]} reachable={reachable} />
    </>
  );
}
