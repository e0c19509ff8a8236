import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import type { TranslationBundle } from '@jupyterlab/translation';
import { redoIcon, stopIcon, tableRowsIcon } from '@jupyterlab/ui-components';

import type { IGroup } from '../client/groups';
import type { IOmega } from '../tokens';
import { CommandIDs } from '../tokens';
import { addEntryCommand } from './add';

export interface IGroupsCommandOptions {
  commands: CommandRegistry;
  omega: IOmega;
  /** Show the comparison of its runs. */
  show: (id: string) => void;
  trans: TranslationBundle;
}

/** What can be done with a group of runs, given its `id`. */
export function addGroupsCommands(options: IGroupsCommandOptions): void {
  const { commands, omega, show, trans } = options;
  const find = (id: string): Promise<IGroup> => omega.groups.find(id);
  addEntryCommand(commands, {
    id: CommandIDs.compareGroup,
    label: trans.__('Compare runs'),
    icon: tableRowsIcon,
    find: id => Promise.resolve(id),
    act: id => Promise.resolve(show(id))
  });
  addEntryCommand(commands, {
    id: CommandIDs.cancelGroup,
    label: trans.__('Cancel all runs of a group…'),
    icon: stopIcon,
    find,
    act: group => cancel(options, group)
  });
  addEntryCommand(commands, {
    id: CommandIDs.retryGroup,
    label: trans.__('Run again what failed'),
    icon: redoIcon,
    find,
    act: group => omega.groups.retry(group.id)
  });
}

async function cancel({ omega, trans }: IGroupsCommandOptions, group: IGroup): Promise<void> {
  const { unfinished, title } = group;
  const answer = await showDialog({
    title: trans._n('Cancel %1 run?', 'Cancel %1 runs?', unfinished),
    body: trans.__(
      'What waits of “%1” does not start, and what is going stops at once. What has ended stays.',
      title
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep running') }),
      Dialog.warnButton({ label: trans.__('Cancel the runs') })
    ]
  });
  if (answer.button.accept) {
    await omega.groups.cancel(group.id);
  }
}
