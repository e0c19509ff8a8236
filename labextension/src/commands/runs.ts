import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { deleteIcon, notebookIcon, redoIcon, stopIcon } from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IObject, StoreName } from '../client/objects';
import type { IRun } from '../client/runs';
import { CommandIDs } from '../tokens';
import { addEntryCommand, confirmDrop, tellError } from './add';
import { openFailingCell, openResult } from './results';
import type { ICommandOptions } from './run';
import { tellQueued } from './run';

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
    Promise.resolve(openResult(documents, run))
  );
  add(CommandIDs.openFailingCell, trans.__('Open the failing cell'), notebookIcon, run =>
    openFailingCell(documents, run)
  );
  add(CommandIDs.cancel, trans.__('Cancel run…'), stopIcon, run => cancel(options, run));
  add(CommandIDs.rerun, trans.__('Run again'), redoIcon, async run =>
    tellQueued(commands, trans, await omega.runs.rerun(run.id))
  );
  commands.addCommand(CommandIDs.dropObject, {
    label: trans.__('Drop…'),
    icon: deleteIcon,
    isVisible: args => typeof args.name === 'string',
    execute: args => drop(options, args)
  });
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
  if (answer.button.accept) {
    await omega.runs.cancel(run.id);
  }
}

async function drop(
  { omega, trans }: IRunsCommandOptions,
  args: ReadonlyPartialJSONObject
): Promise<void> {
  const store = args.store as StoreName;
  const name = args.name as string;
  try {
    const object: IObject = await omega.client.objects.get(store, name);
    const body =
      object.kind === 'folder'
        ? trans.__('The folder and everything in it are dropped from %1, for good.', store)
        : trans.__('It is dropped from %1 with all its revisions, for good.', store);
    if (await confirmDrop({ title: trans.__('Drop “%1”?', name), body }, trans)) {
      await omega.repository.drop(object);
    }
  } catch (error) {
    tellError(error);
  }
}
