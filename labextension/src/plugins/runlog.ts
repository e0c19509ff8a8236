import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ITranslator } from '@jupyterlab/translation';
import { textEditorIcon } from '@jupyterlab/ui-components';

import { addEntryCommand } from '../commands/add';
import { RunLogModel } from '../models/runlog';
import { createRunLogPage } from '../pages/runlog';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { pageOpener } from './pageopener';

/** Shows what a run has printed; one page a run. */
export const runLogPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:run-log',
  description: 'Shows the log of a run.',
  autoStart: true,
  requires: [IOmega, ITranslator],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    { client, feed }: IOmega,
    translator: ITranslator,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, shell } = app;
    const trans = translator.load(DOMAIN);
    const show = pageOpener({
      namespace: 'omega-log',
      command: CommandIDs.openLog,
      shell,
      restorer,
      open: id => {
        const model = new RunLogModel({ client: client.runs, feed }, id);
        const page = createRunLogPage(model, trans);
        model.start();
        return page;
      }
    });
    addEntryCommand(commands, {
      id: CommandIDs.openLog,
      label: trans.__('Open log'),
      icon: textEditorIcon,
      find: id => Promise.resolve(id),
      act: id => Promise.resolve(show(id))
    });
  }
};
