import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification, showErrorMessage } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import type { FileBrowser } from '@jupyterlab/filebrowser';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator } from '@jupyterlab/translation';

import type { ILeaveContext, IWords } from '../commands/leave';
import { Leaving } from '../commands/leave';
import { FileGuard } from '../models/fileguard';
import { isMountPoint, leavesHistory } from '../models/place';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { shortPath } from '../views/format';

/** JupyterLab's own command. */
const RENAME = 'filebrowser:rename';

/** Says what becomes of schedules and of the history, before or when a file goes. */
export const movesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:moves',
  description: 'Tells what becomes of schedules and history of what is moved or deleted.',
  autoStart: true,
  requires: [IOmega, IDocumentManager, ITranslator],
  optional: [IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    documents: IDocumentManager,
    translator: ITranslator,
    browsers: IFileBrowserFactory | null
  ): void => {
    const context = { omega, trans: translator.load(DOMAIN) };
    const leaving = new Leaving(context);
    const guard = new FileGuard(documents, documents.services.contents, leaving);
    if (browsers) {
      const theirs = translator.load('jupyterlab');
      const watch = (browser: FileBrowser): void => askOnce(browser, guard, leaving, theirs);
      browsers.tracker.forEach(watch);
      browsers.tracker.widgetAdded.connect((_, browser) => watch(browser));
      keepNames(app, omega, browsers);
    }
    tellHistory(app, context);
  }
};

/** A file browser asks before it deletes: what schedules run is said in the same question. */
function askOnce(
  browser: FileBrowser,
  guard: FileGuard,
  leaving: Leaving,
  trans: TranslationBundle
): void {
  const { contents } = browser.model.manager.services;
  const usual = browser.delete.bind(browser);
  const fails = (error: Error): void => {
    void showErrorMessage(trans._p('showErrorMessage', 'Delete Failed'), error);
  };
  const ask = async (): Promise<void> => {
    const items = Array.from(browser.selectedItems());
    const paths = items.map(({ path }) => contents.localPath(path));
    leaving.refuseToDelete(paths);
    const words = wordsOfDeletion(
      items.map(({ name }) => name),
      trans
    );
    const goes = await leaving.confirmDeletion(paths, words);
    if (goes === null) {
      await usual();
    } else if (goes) {
      await Promise.all(items.map(({ path }) => guard.drop(path).catch(fails)));
    }
  };
  browser.delete = () => ask().catch(fails);
}

/** What JupyterLab says before it deletes something. */
function wordsOfDeletion(names: readonly string[], trans: TranslationBundle): IWords {
  const { length } = names;
  const toTrash = PageConfig.getOption('delete_to_trash') === 'true';
  const one = toTrash
    ? trans.__('Are you sure you want to move to trash: %1?', names[0])
    : trans.__('Are you sure you want to permanently delete: %1?', names[0]);
  const several = toTrash
    ? trans._n(
        'Are you sure you want to move to trash the %1 selected item?',
        'Are you sure you want to move to trash the %1 selected items?',
        length
      )
    : trans._n(
        'Are you sure you want to permanently delete the %1 selected item?',
        'Are you sure you want to permanently delete the %1 selected items?',
        length
      );
  const action = toTrash ? trans.__('Move to Trash') : trans.__('Delete');
  const question = length === 1 ? one : several;
  return { title: action, question, stay: trans.__('Cancel'), go: action };
}

/** What is always there under its name cannot be renamed; commands have no way to be asked. */
function keepNames(
  { commands }: JupyterFrontEnd,
  omega: IOmega,
  { tracker }: IFileBrowserFactory
): void {
  const isMount = (path: string): boolean => {
    const { current } = omega.status;
    return current !== null && isMountPoint(current, path);
  };
  const usual = commands.isEnabled.bind(commands);
  commands.isEnabled = (id, args) => {
    const renamed = id === RENAME ? Array.from(tracker.currentWidget?.selectedItems() ?? []) : [];
    return usual(id, args) && !renamed.some(({ path }) => isMount(path));
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
