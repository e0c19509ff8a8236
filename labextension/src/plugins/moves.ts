import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ITranslator } from '@jupyterlab/translation';

import { leavesHistory } from '../models/place';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { shortPath } from '../views/format';

/** Says what becomes of the history of a file that is moved to the disk. */
export const movesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:moves',
  description: 'Tells that what is moved to the disk leaves its history behind.',
  autoStart: true,
  requires: [IOmega, ITranslator],
  activate: (app: JupyterFrontEnd, omega: IOmega, translator: ITranslator): void => {
    const { commands, serviceManager } = app;
    const trans = translator.load(DOMAIN);
    const showTrash = async (): Promise<void> => {
      await omega.trash.open('jobs');
      await commands.execute(CommandIDs.showPanel, { section: 'trash' });
    };
    serviceManager.contents.fileChanged.connect((_, { type, oldValue, newValue }) => {
      const [from, to] = [oldValue?.path, newValue?.path];
      const status = omega.status.current;
      if (type !== 'rename' || !from || !to || !status || !leavesHistory(status, from, to)) {
        return;
      }
      const message = trans.__(
        '“%1” is on the disk now. Its revisions and tags stay behind in the trash, from where they can be restored.',
        shortPath(to)
      );
      const actions = [{ label: trans.__('Show trash'), callback: () => void showTrash() }];
      Notification.info(message, { autoClose: 15_000, actions });
    });
  }
};
