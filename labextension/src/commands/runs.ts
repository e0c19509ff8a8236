import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import {
  deleteIcon,
  editIcon,
  notebookIcon,
  redoIcon,
  runIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';

import { ApiError } from '../client/connection';
import type { StoreName } from '../client/objects';
import type { IRun } from '../client/runs';
import { clusterIcon } from '../icons';
import { CommandIDs } from '../tokens';
import { reveal } from '../views/reveal';
import { addEntryCommand } from './add';
import { openFailingCell, openNotebook, openResult } from './results';
import type { ICommandOptions } from './run';
import { tellQueued } from './run';
import { dropObject } from './trash';

export interface IRunsCommandOptions extends ICommandOptions {
  documents: IDocumentManager;
}

/** What can be done with a run, given its `id`, and with an object of the repository. */
export function addRunsCommands(options: IRunsCommandOptions): void {
  const { commands, documents, omega, trans } = options;
  const add = (
    id: string,
    label: string,
    icon: LabIcon,
    act: (run: IRun) => Promise<unknown>
  ): void => {
    addEntryCommand(commands, { id, label, icon, act, find: run => omega.runs.find(run) });
  };
  add(CommandIDs.openResult, trans.__('Open result'), notebookIcon, run =>
    openResult(documents, run, trans)
  );
  add(CommandIDs.openFailingCell, trans.__('Open the failing cell'), notebookIcon, run =>
    openFailingCell(documents, run, trans)
  );
  add(CommandIDs.openNotebook, trans.__('Open the notebook'), editIcon, run =>
    openNotebook(documents, run)
  );
  add(CommandIDs.openRun, trans.__('Open run'), clusterIcon, run => openRun(options, run));
  add(CommandIDs.cancel, trans.__('Cancel run…'), stopIcon, run => cancel(options, run));
  add(CommandIDs.rerun, trans.__('Run again'), redoIcon, async run =>
    tellQueued(commands, trans, await omega.runs.rerun(run.id))
  );
  add(CommandIDs.resume, trans.__('Resume'), runIcon, run => resume(options, run));
  commands.addCommand(CommandIDs.dropObject, {
    label: trans.__('Drop…'),
    icon: deleteIcon,
    isVisible: args => typeof args.name === 'string',
    execute: args => dropObject(options, args.store as StoreName, args.name as string)
  });
}

/** Show the card of a run, or the group that it is part of. */
async function openRun({ commands, omega }: IRunsCommandOptions, run: IRun): Promise<void> {
  if (run.group) {
    await commands.execute(CommandIDs.compareGroup, { id: run.group });
    return;
  }
  await omega.runs.lookAt(run);
  await commands.execute(CommandIDs.showPanel, { section: 'runs' });
  await reveal(`#omega-runs [data-id="${CSS.escape(run.id)}"]`);
}

async function resume(options: IRunsCommandOptions, run: IRun): Promise<void> {
  const { commands, omega, targets, trans } = options;
  if (run.job_path !== null) {
    await targets.save(run.job_path); // what was mended counts, saved or not
  }
  tellQueued(commands, trans, await omega.runs.resume(run.id));
}

async function cancel({ omega, trans }: IRunsCommandOptions, run: IRun): Promise<void> {
  const answer = await showDialog({
    title: trans.__('Cancel this run?'),
    body: trans.__('“%1” stops at once. What it has written so far stays.', run.job),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep running') }),
      Dialog.warnButton({ label: trans.__('Cancel the run') })
    ]
  });
  if (!answer.button.accept) {
    return;
  }
  try {
    await omega.runs.cancel(run.id);
  } catch (error) {
    if (!(error instanceof ApiError && error.type === 'InvalidTransitionError')) {
      throw error;
    }
    Notification.info(trans.__('“%1” had ended before it could be cancelled.', run.job), {
      autoClose: 5000
    });
  }
}
