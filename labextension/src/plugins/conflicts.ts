import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Contents } from '@jupyterlab/services';
import { IDefaultDrive, RestContentProvider } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';

import { Conflicts } from '../commands/conflict';
import { AskedSaves } from '../models/askedsaves';
import { OpenedDocuments } from '../models/opened';
import { SaveGuard } from '../models/saveguard';
import { DOMAIN, IOmega } from '../tokens';

const PROVIDER = 'omegaml-lab:guard';

/** Where JupyterLab's own drive asks. */
const ENDPOINT = 'api/contents';

/** It keeps documents of several people in step by itself, and saves on the server. */
const COLLABORATION = '@jupyter/docprovider-extension:content-provider';

/** Sees to it that no save replaces what somebody else has saved meanwhile. */
export const conflictsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:conflicts',
  description: 'Asks before a save replaces what somebody else has saved meanwhile.',
  autoStart: true,
  requires: [
    IOmega,
    IDefaultDrive,
    IDocumentManager,
    IRenderMimeRegistry,
    NotebookPanel.IContentFactory,
    IEditorServices,
    IEditorLanguageRegistry,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    drive: Contents.IDrive,
    documents: IDocumentManager,
    rendermime: IRenderMimeRegistry,
    contentFactory: NotebookPanel.IContentFactory,
    { mimeTypeService: mimeTypes }: IEditorServices,
    languages: IEditorLanguageRegistry,
    translator: ITranslator
  ): void => {
    if (!drive.contentProviderRegistry || app.hasPlugin(COLLABORATION)) {
      return;
    }
    const { commands, shell } = app;
    const rest = new RestContentProvider({
      apiEndpoint: ENDPOINT,
      serverSettings: drive.serverSettings
    });
    const asked = new AskedSaves({
      commands,
      current: () =>
        shell.currentWidget ? documents.contextForWidget(shell.currentWidget) : undefined
    });
    Dialog.tracker.widgetAdded.connect((_, dialog) => {
      dialog.disposed.connect(() => asked.answered());
    });
    const opened = new OpenedDocuments();
    const conflicts = new Conflicts({
      omega,
      documents,
      rest,
      asked,
      rendering: { rendermime, contentFactory, mimeTypes, languages, translator },
      trans: translator.load(DOMAIN)
    });
    const guard = new SaveGuard({
      rest,
      documents: opened,
      settle: refused => conflicts.settle(refused)
    });
    drive.contentProviderRegistry.register(PROVIDER, guard);
    guardAll(documents.registry, opened);
  }
};

/** Put the guard before all that opens documents, now and later. */
function guardAll(registry: DocumentRegistry, opened: OpenedDocuments): void {
  const add = (factory: DocumentRegistry.WidgetFactory | undefined): void => {
    if (!factory || factory.contentProviderId || !('contentProviderId' in factory)) {
      return; // it has ways of its own
    }
    (factory as { contentProviderId?: string }).contentProviderId = PROVIDER;
    registry.addWidgetExtension(factory.name, {
      createNew: (_, context) => {
        const model = registry.getModelFactory(factory.modelName || 'text');
        if (model) {
          opened.add({
            context,
            factory: factory.name,
            type: model.contentType,
            format: model.fileFormat
          });
        }
      }
    });
  };
  for (const factory of registry.widgetFactories()) {
    add(factory);
  }
  registry.changed.connect((_, { type, name, change }) => {
    if (type === 'widgetFactory' && change === 'added' && name) {
      add(registry.getWidgetFactory(name));
    }
  });
}
