import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { User } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { IGroup } from '../client/groups';
import type { IRun } from '../client/runs';
import { titleOf } from '../client/runs';
import { tellPublished } from '../commands/links';
import { dismissRun, tellRun } from '../commands/tell';
import { formatDuration, shortPath } from '../views/format';
import { groupStanding } from '../views/groupcard';
import { elapsedSeconds } from '../models/progress';
import type { INotice } from '../models/feed';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { FAILURE_SHOWN, Failures } from './failures';

/** Tells people that a run of theirs has ended. */
export const notificationsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:notifications',
  description: 'Tells when a run ends that one has started, or wants to be told of.',
  autoStart: true,
  requires: [IOmega, ITranslator],
  activate: (app: JupyterFrontEnd, omega: IOmega, translator: ITranslator): void => {
    const trans = translator.load(DOMAIN);
    const { user } = app.serviceManager;
    const { commands } = app;
    const now = (): number => Date.now() + omega.client.connection.skew;
    const telling = { commands, failures: new Failures(commands, now, trans), trans };
    omega.reports.published.connect((_, report) => {
      if (omega.runs.startedHere(report.run)) {
        tellPublished(report, trans);
      }
    });
    const isToldAnyway = (run: IRun): boolean =>
      omega.runs.startedHere(run.id) || (isMine(run, user) && !isRoutine(run));
    omega.runs.ended.connect((_, run) => {
      // Of a group that is told once, when all of its runs have ended.
      if (!run.group && isToldAnyway(run)) {
        tellEnded(telling, run);
      } else {
        dismissRun(run.id); // that it was queued is old news
      }
    });
    omega.feed.noticed.connect((_, notice) => tellNotice(telling, notice));
    tellHidden(omega);
    const told = new Set<string>();
    const tellOnce = (group: IGroup): void => {
      const end = `${group.id} ${group.rounds}`; // each time that what failed is run again
      if (!told.has(end)) {
        told.add(end);
        tellGroup(telling, group);
      }
    };
    omega.groups.ended.connect((_, group) => {
      if (omega.groups.startedHere(group.id) || isUser(group.owner, user)) {
        tellOnce(group);
      }
    });
    omega.feed.notified.connect((_, { run: id, group: groupId, happening }) => {
      void (async () => {
        if (groupId) {
          tellOnce(await omega.client.groups.get(groupId));
          return;
        }
        const run = await omega.client.runs.get(id);
        if (!isToldAnyway(run)) {
          tellEnded(telling, run, happening === 'recovered');
        }
      })().catch((error: unknown) =>
        console.warn(`Run ${id || groupId} cannot be told of:`, error)
      );
    });
  }
};

/** What somebody is to know stays until it is closed. */
function tellNotice({ commands, trans }: ITelling, { message, name, bucket }: INotice): void {
  const history = (named: string): Notification.IAction => ({
    label: trans.__('Show history'),
    callback: () =>
      void commands.execute(CommandIDs.history, {
        store: 'jobs',
        name: named,
        ...(bucket && { bucket })
      })
  });
  Notification.warning(message, { autoClose: false, actions: name ? [history(name)] : [] });
}

/** What the folders of buckets and of the disk hide is told once; the bell keeps it. */
function tellHidden({ status }: IOmega): void {
  const told = new Set<string>();
  status.changed.connect(() => {
    for (const sentence of status.current?.hidden ?? []) {
      if (!told.has(sentence)) {
        told.add(sentence);
        Notification.warning(sentence, { autoClose: FAILURE_SHOWN });
      }
    }
  });
}

function isMine(run: IRun, user: User.IManager): boolean {
  return isUser(run.owner, user);
}

function isUser(owner: string, user: User.IManager): boolean {
  return owner !== '' && owner === user.identity?.username;
}

/** All runs of a group have ended: how, in one message. */
function tellGroup({ commands, trans }: ITelling, group: IGroup): void {
  const { counts, title, id } = group;
  const message = trans.__('“%1” has ended: %2', shortPath(title), groupStanding(group, trans));
  const options = {
    actions: [
      {
        label: trans.__('Compare'),
        callback: () => void commands.execute(CommandIDs.compareGroup, { id })
      }
    ]
  };
  if (counts.failed || counts.lost) {
    Notification.error(message, { ...options, autoClose: FAILURE_SHOWN });
  } else if (counts.cancelled) {
    Notification.info(message, { ...options, autoClose: 5000 });
  } else {
    Notification.success(message, { ...options, autoClose: 15_000 });
  }
}

/** Nobody waits for what a schedule started, as long as it goes well. */
function isRoutine(run: IRun): boolean {
  return Boolean(run.schedule) && run.status !== 'failed' && run.status !== 'lost';
}

interface ITelling {
  commands: CommandRegistry;
  failures: Failures;
  trans: TranslationBundle;
}

function tellEnded({ commands, failures, trans }: ITelling, run: IRun, recovered = false): void {
  const action = (id: string, label: string): Notification.IAction => ({
    label,
    displayType: 'default',
    callback: () => void commands.execute(id, { id: run.id, path: run.job_path ?? undefined })
  });
  const name = shortPath(titleOf(run));
  const took = formatDuration(elapsedSeconds(run, Date.now()) ?? 0, trans);
  switch (run.status) {
    case 'succeeded':
      tellRun(run.id, {
        message: recovered
          ? trans.__('“%1” works again: it succeeded in %2.', name, took)
          : trans.__('“%1” succeeded in %2.', name, took),
        type: 'success',
        autoClose: 15_000,
        actions: [
          run.result_path === null
            ? action(CommandIDs.openRun, trans.__('Open run'))
            : action(CommandIDs.openResult, trans.__('Open result')),
          // One that publishes says so itself, as soon as the page is there.
          ...(run.publish || run.job_path === null
            ? []
            : [action(CommandIDs.publish, trans.__('Publish'))])
        ]
      });
      break;
    case 'failed':
    case 'lost':
      failures.tell(run);
      break;
    case 'cancelled':
      tellRun(run.id, {
        message: trans.__('“%1” was cancelled.', name),
        type: 'info',
        autoClose: 5000,
        actions: []
      });
      break;
    case 'queued':
    case 'running':
      break;
  }
}
