import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator } from '@jupyterlab/translation';

import type { ILeaveContext, IMove } from '../commands/leave';
import { confirmMoves, confirmTrash } from '../commands/leave';
import { leavesHistory } from '../models/place';
import { Together } from '../models/together';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { shortPath } from '../views/format';

/** Says what becomes of schedules and of the history, before or when a file goes. */
export const movesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:moves',
  description: 'Tells what becomes of schedules and history of what is moved or deleted.',
  autoStart: true,
  requires: [IOmega, IDocumentManager, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    documents: IDocumentManager,
    translator: ITranslator
  ): void => {
    const context = { omega, trans: translator.load(DOMAIN) };
    guard(documents, context);
    tellHistory(app, context);
  }
};

/** JupyterLab has no way to be asked before: all that moves or deletes something comes by here. */
function guard(documents: IDocumentManager, context: ILeaveContext): void {
  const { contents } = documents.services;
  const moves = new Together<IMove>(all => confirmMoves(context, all));
  const rename = contents.rename.bind(contents);
  contents.rename = async (from, to) => {
    const move = { from: contents.localPath(from), to: contents.localPath(to) };
    return (await moves.mayGo(move)) ? rename(from, to) : contents.get(from, { content: false });
  };
  const deletions = new Together<string>(all => confirmTrash(context, all));
  const remove = documents.deleteFile.bind(documents);
  documents.deleteFile = async path => {
    if (await deletions.mayGo(contents.localPath(path))) {
      await remove(path);
    }
  };
}

function tellHistory({ commands, serviceManager }: JupyterFrontEnd, context: ILeaveContext): void {
  const { omega, trans } = context;
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
