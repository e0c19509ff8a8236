import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { WidgetTracker } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';

import { addGroupsCommands } from '../commands/groups';
import { GroupModel } from '../models/groups';
import { createGroupPage } from '../pages/group';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';

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
    const open = new WidgetTracker<MainAreaWidget>({ namespace: 'omega-group' });
    const models = new WeakMap<MainAreaWidget, GroupModel>();
    const show = (id: string): void => {
      let page = open.find(each => models.get(each)?.id === id);
      if (!page) {
        const model = new GroupModel({ client: omega.client.groups, feed: omega.feed }, id);
        page = createGroupPage({ model, commands, trans });
        models.set(page, model);
        model.start();
        shell.add(page, 'main', { type: 'Omega' });
        void open.add(page);
      }
      shell.activateById(page.id);
    };
    addGroupsCommands({ commands, omega, show, trans });
    const idOf = (page: MainAreaWidget): string => models.get(page)?.id ?? '';
    void restorer?.restore(open, {
      command: CommandIDs.compareGroup,
      args: page => ({ id: idOf(page) }),
      name: idOf
    });
  }
};
