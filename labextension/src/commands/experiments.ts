import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

import { experimentIcon } from '../icons';
import type { IOmega } from '../tokens';
import { CommandIDs } from '../tokens';
import { addEntryCommand } from './add';

export interface IExperimentsCommandOptions {
  commands: CommandRegistry;
  omega: IOmega;
  /** Show the comparison of its runs. */
  show: (name: string) => void;
  trans: TranslationBundle;
}

/** What can be done with an experiment, given its name as `id`. */
export function addExperimentsCommands(options: IExperimentsCommandOptions): void {
  const { commands, show, trans } = options;
  addEntryCommand(commands, {
    id: CommandIDs.openExperiment,
    label: trans.__('Compare the runs of an experiment'),
    icon: experimentIcon,
    find: name => Promise.resolve(name),
    act: name => Promise.resolve(show(name))
  });
  addEntryCommand(commands, {
    id: CommandIDs.dropExperiment,
    label: trans.__('Forget an experiment…'),
    icon: closeIcon,
    find: name => Promise.resolve(name),
    act: name => drop(options, name)
  });
}

async function drop({ omega, trans }: IExperimentsCommandOptions, name: string): Promise<void> {
  const answer = await showDialog({
    title: trans.__('Forget the experiment “%1”?', name),
    body: trans.__(
      'What its runs have logged goes for good. The runs of notebooks, models and scripts stay.'
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep') }),
      Dialog.warnButton({ label: trans.__('Forget') })
    ]
  });
  if (answer.button.accept) {
    await omega.experiments.drop(name);
  }
}
