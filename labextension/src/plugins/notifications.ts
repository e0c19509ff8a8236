import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { User } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { IRun } from '../client/runs';
import { tellPublished } from '../commands/links';
import { formatDuration } from '../views/format';
import { elapsedSeconds } from '../models/progress';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';

/** Tells people that a run of theirs has ended. */
export const notificationsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:notifications',
  description: 'Tells when a run ends that one has started, or wants to be told of.',
  autoStart: true,
  requires: [IOmega, ITranslator],
  activate: (app: JupyterFrontEnd, omega: IOmega, translator: ITranslator): void => {
    const trans = translator.load(DOMAIN);
    const { user } = app.serviceManager;
    omega.reports.published.connect((_, report) => {
      if (omega.runs.startedHere(report.run)) {
        tellPublished(report, trans);
      }
    });
    const isToldAnyway = (run: IRun): boolean =>
      omega.runs.startedHere(run.id) || (isMine(run, user) && !isRoutine(run));
    omega.runs.ended.connect((_, run) => {
      dismissQueued(run);
      if (isToldAnyway(run)) {
        tellEnded(app.commands, trans, run);
      }
    });
    omega.feed.noticed.connect((_, message) => {
      Notification.warning(message, { autoClose: false });
    });
    omega.feed.notified.connect((_, { run: id, happening }) => {
      void (async () => {
        const run = await omega.client.runs.get(id);
        if (!isToldAnyway(run)) {
          tellEnded(app.commands, trans, run, happening === 'recovered');
        }
      })().catch((error: unknown) => console.warn(`Run ${id} cannot be told of:`, error));
    });
  }
};

/** That it was queued is old news now. */
function dismissQueued(run: IRun): void {
  for (const { id, options } of Notification.manager.notifications) {
    const data = options.data as { run?: unknown } | undefined;
    if (data?.run === run.id) {
      Notification.dismiss(id);
    }
  }
}

function isMine(run: IRun, user: User.IManager): boolean {
  return run.owner !== '' && run.owner === user.identity?.username;
}

/** Nobody waits for what a schedule started, as long as it goes well. */
function isRoutine(run: IRun): boolean {
  return Boolean(run.schedule) && run.status !== 'failed' && run.status !== 'lost';
}

function tellEnded(
  commands: CommandRegistry,
  trans: TranslationBundle,
  run: IRun,
  recovered = false
): void {
  const action = (id: string, label: string): Notification.IAction => ({
    label,
    displayType: 'default',
    callback: () => void commands.execute(id, { id: run.id, path: run.job_path ?? undefined })
  });
  const name = run.job;
  const took = formatDuration(elapsedSeconds(run, Date.now()) ?? 0, trans);
  switch (run.status) {
    case 'succeeded':
      Notification.success(
        recovered
          ? trans.__('“%1” works again: it succeeded in %2.', name, took)
          : trans.__('“%1” succeeded in %2.', name, took),
        {
          autoClose: 15_000,
          actions: [
            action(CommandIDs.openResult, trans.__('Open result')),
            // One that publishes says so itself, as soon as the page is there.
            ...(run.publish || run.job_path === null
              ? []
              : [action(CommandIDs.publish, trans.__('Publish'))])
          ]
        }
      );
      break;
    case 'failed':
      Notification.error(failureOf(run, trans), {
        autoClose: false,
        actions:
          typeof run.error?.cell === 'number' && run.result_path !== null
            ? [action(CommandIDs.openFailingCell, trans.__('Open the failing cell'))]
            : []
      });
      break;
    case 'lost':
      Notification.error(trans.__('“%1” was lost: its worker died.', name), {
        autoClose: false,
        actions: [action(CommandIDs.rerun, trans.__('Run again'))]
      });
      break;
    case 'cancelled':
      Notification.info(trans.__('“%1” was cancelled.', name), { autoClose: 5000 });
      break;
    case 'queued':
    case 'running':
      break;
  }
}

function failureOf(run: IRun, trans: TranslationBundle): string {
  const reason = run.error ? `${run.error.name}: ${run.error.message}` : run.notice;
  return reason ? trans.__('“%1” failed: %2', run.job, reason) : trans.__('“%1” failed.', run.job);
}
