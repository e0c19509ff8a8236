import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ITranslator } from '@jupyterlab/translation';

import { addGroupsCommands } from '../commands/groups';
import { GroupModel } from '../models/groups';
import { createGroupPage } from '../pages/group';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { pageOpener } from './pageopener';

/** Compares the runs that were asked for together; one page a group. */
export const groupsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:groups',
  description: 'Compares the runs of a group, cancels them and runs again what failed.',
  autoStart: true,
  requires: [IOmega, ITranslator],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    translator: ITranslator,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, shell } = app;
    const trans = translator.load(DOMAIN);
    const show = pageOpener({
      namespace: 'omega-group',
      command: CommandIDs.compareGroup,
      shell,
      restorer,
      open: id => {
        const model = new GroupModel({ client: omega.client.groups, feed: omega.feed }, id);
        const page = createGroupPage({ model, commands, trans });
        model.start();
        return page;
      }
    });
    addGroupsCommands({ commands, omega, show, trans });
  }
};
