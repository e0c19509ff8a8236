import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { IRun } from '../client/runs';
import { isResumable, titleOf } from '../client/runs';
import type { ISaid } from '../commands/tell';
import { dismissRun, tellRun } from '../commands/tell';
import { CommandIDs } from '../tokens';
import { shortPath } from '../views/format';

/** For how long a failure is shown, in milliseconds; the bell in the status bar keeps it. */
export const FAILURE_SHOWN = 30_000;

/** Tells that runs have failed or were lost: of one job once, however often it does. */
export class Failures {
  /** `now` tells the server's time, in milliseconds. */
  constructor(
    private readonly _commands: CommandRegistry,
    private readonly _now: () => number,
    private readonly _trans: TranslationBundle
  ) {}

  /** Tell of a run that has ended badly; what was told of its job, and is there still, grows. */
  tell(run: IRun): void {
    const told = this._told.get(run.job_now);
    const known = told && Notification.manager.has(told.id) ? told : null;
    if (known?.runs.has(run.id)) {
      return;
    }
    const runs = new Set([...(known?.runs ?? []), run.id]);
    const message = this._message(run, runs.size);
    const said: ISaid = {
      message,
      type: 'error',
      autoClose: FAILURE_SHOWN,
      actions: this._actions(run)
    };
    if (known) {
      dismissRun(run.id); // that it was queued
    }
    this._told.set(run.job_now, { id: tellRun(run.id, said, known?.id), runs });
  }

  private _message(run: IRun, times: number): string {
    const trans = this._trans;
    const why = reasonOf(run, trans);
    const job = shortPath(titleOf(run));
    if (times === 1) {
      return why ? trans.__('“%1” failed: %2', job, why) : trans.__('“%1” failed.', job);
    }
    return why
      ? trans.__('“%1” failed %2 times, at last: %3', job, times, why)
      : trans.__('“%1” failed %2 times.', job, times);
  }

  private _actions(run: IRun): Notification.IAction[] {
    const action = (id: string, label: string): Notification.IAction => ({
      label,
      displayType: 'default',
      callback: () => void this._commands.execute(id, { id: run.id })
    });
    const trans = this._trans;
    const failedAt = typeof run.error?.cell === 'number' && run.result_path !== null;
    return [
      ...(failedAt
        ? [action(CommandIDs.openFailingCell, trans.__('Open the failing cell'))]
        : run.status === 'lost' && run.kind !== 'local'
          ? [action(CommandIDs.rerun, trans.__('Run again'))]
          : []),
      ...(isResumable(run, this._now()) ? [action(CommandIDs.resume, trans.__('Resume'))] : []),
      ...(failedAt && run.job_path !== null
        ? [action(CommandIDs.openNotebook, trans.__('Open the notebook'))]
        : []),
      action(CommandIDs.openRun, trans.__('Open run'))
    ];
  }

  private readonly _told = new Map<string, { id: string; runs: ReadonlySet<string> }>();
}

function reasonOf(run: IRun, trans: TranslationBundle): string | null {
  if (run.status === 'lost') {
    return trans.__('it was lost, for its worker died');
  }
  return run.error ? `${run.error.name}: ${run.error.message.split('\n')[0]}` : run.notice;
}
