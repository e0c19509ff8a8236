import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';

import { addHistoryCommand } from '../commands/history';
import { Targets } from '../commands/targets';
import { HistoryModel } from '../models/history';
import type { IShownPlace } from '../models/place';
import { createHistoryPage } from '../pages/history';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';

/** By which a page is opened again when the Lab is. */
type IHistoryArgs = { store: string; name: string; bucket?: string };

/** Shows what notebooks and other objects were; one page an object. */
export const historyPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:history',
  description: 'Shows the revisions of an object, compares and restores them.',
  autoStart: true,
  requires: [
    IOmega,
    IDocumentManager,
    IRenderMimeRegistry,
    NotebookPanel.IContentFactory,
    IEditorServices,
    IEditorLanguageRegistry,
    ITranslator
  ],
  optional: [ICommandPalette, ILayoutRestorer, IFileBrowserFactory, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    documents: IDocumentManager,
    rendermime: IRenderMimeRegistry,
    contentFactory: NotebookPanel.IContentFactory,
    { mimeTypeService: mimeTypes }: IEditorServices,
    languages: IEditorLanguageRegistry,
    translator: ITranslator,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    browsers: IFileBrowserFactory | null,
    notebooks: INotebookTracker | null
  ): void => {
    const { commands, shell } = app;
    const trans = translator.load(DOMAIN);
    const targets = new Targets({ shell, browsers, notebooks, documents, trans });
    const rendering = { rendermime, contentFactory, mimeTypes, languages, translator };
    const open = new WidgetTracker<MainAreaWidget>({ namespace: 'omega-history' });
    const models = new WeakMap<MainAreaWidget, HistoryModel>();
    const show = ({ store, name, bucket, writable }: IShownPlace): void => {
      const isIt = (page: MainAreaWidget): boolean => {
        const model = models.get(page);
        return model?.store === store && model.name === name && model.bucket === bucket;
      };
      let page = open.find(isIt);
      if (!page) {
        const { client, feed } = omega;
        const model = new HistoryModel({ client, feed, store, name, bucket, writable });
        page = createHistoryPage({ model, documents, targets, rendering, trans });
        models.set(page, model);
        model.start();
        shell.add(page, 'main', { type: 'Omega' });
        void open.add(page);
      }
      shell.activateById(page.id);
    };
    addHistoryCommand({ commands, omega, targets, show, trans });
    const look = (): void => commands.notifyCommandChanged(CommandIDs.history);
    notebooks?.currentChanged.connect(look);
    omega.status.changed.connect(look);
    // What is open gets its new path from the same signal.
    documents.services.contents.fileChanged.connect((_, { type }) => {
      if (type === 'rename') {
        requestAnimationFrame(look);
      }
    });
    palette?.addItem({ command: CommandIDs.history, category: trans.__('Omega') });
    const argsOf = (page: MainAreaWidget): IHistoryArgs => {
      const { store = 'jobs', name = '', bucket } = models.get(page) ?? {};
      return bucket === undefined ? { store, name } : { store, name, bucket };
    };
    void restorer?.restore(open, {
      command: CommandIDs.history,
      args: argsOf,
      name: page => JSON.stringify(argsOf(page))
    });
  }
};
