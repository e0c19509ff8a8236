import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, Notification } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { FileBrowserModel } from '@jupyterlab/filebrowser';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { INotebookModel } from '@jupyterlab/notebook';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Contents } from '@jupyterlab/services';
import { IDefaultDrive, RestContentProvider } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator } from '@jupyterlab/translation';

import { Conflicts } from '../commands/conflict';
import { reload } from '../commands/reload';
import { AskedSaves } from '../models/askedsaves';
import { Elsewhere } from '../models/elsewhere';
import { isAt } from '../models/history';
import { keepCalm } from '../models/kernelnotes';
import type { IOpened } from '../models/opened';
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
  optional: [IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    drive: Contents.IDrive,
    documents: IDocumentManager,
    rendermime: IRenderMimeRegistry,
    contentFactory: NotebookPanel.IContentFactory,
    { mimeTypeService: mimeTypes }: IEditorServices,
    languages: IEditorLanguageRegistry,
    translator: ITranslator,
    browsers: IFileBrowserFactory | null
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
      settle: refused => conflicts.settle(refused),
      trust: path => omega.client.trust(path)
    });
    drive.contentProviderRegistry.register(PROVIDER, guard);
    bringElsewhere({ omega, documents, opened, guard, rest, browsers, translator });
    guardAll(documents.registry, opened);
    documents.registry.addWidgetExtension('Notebook', {
      createNew: (_, { model, sessionContext }) =>
        keepCalm((model as INotebookModel).sharedModel, () => !!sessionContext.session?.kernel)
    });
  }
};

interface IElsewhereContext {
  omega: IOmega;
  documents: IDocumentManager;
  opened: OpenedDocuments;
  guard: SaveGuard;
  rest: RestContentProvider;
  browsers: IFileBrowserFactory | null;
  translator: ITranslator;
}

/** Let the file browser and open documents show what is done elsewhere. */
function bringElsewhere(context: IElsewhereContext): void {
  const { omega, documents, opened, guard, rest, browsers, translator } = context;
  const notices = new Notices(translator.load(DOMAIN));
  const { contents } = documents.services;
  /** Let the file browsers that look into a folder look into another one. */
  const go = (folder: string, where: (path: string) => string): void =>
    browsers?.tracker.forEach(({ model }) => {
      const path = contents.localPath(model.path);
      if (isAt(path, folder)) {
        void model.cd(`/${where(path)}`);
      }
    });
  new Elsewhere({
    feed: omega.feed,
    documents: opened,
    guard,
    rest,
    changed: folder =>
      browsers?.tracker.forEach(({ model }) => {
        if (contents.localPath(model.path) === folder) {
          void look(model, contents);
        }
      }),
    renamed: (old, now) => go(old, path => now + path.slice(old.length)),
    dropped: dropped => go(dropped, () => PathExt.dirname(dropped)),
    reload: async one => {
      const widget = documents.findWidget(one.context.path, one.factory);
      if (widget) {
        await guard.renew(one, kept => reload(widget, { kept }));
      }
    },
    gone: one => notices.tellGone(one)
  });
}

/** Let a file browser look anew, unless its folder is gone: then it would ask in a dialog. */
async function look(model: FileBrowserModel, contents: Contents.IManager): Promise<void> {
  try {
    await contents.get(model.path, { content: false });
  } catch {
    return; // that it was renamed or deleted is told next
  }
  await model.refresh();
}

/** Tells of documents that are open and not there any more, of each once. */
class Notices {
  constructor(private readonly _trans: TranslationBundle) {}

  tellGone({ context }: IOpened): void {
    const { path } = context;
    if (this._told.get(context) === path) {
      return;
    }
    this._told.set(context, path);
    const message =
      context.contentsModel?.writable === false
        ? this._trans.__('“%1” was deleted elsewhere. It is still open here.', path)
        : this._trans.__(
            '“%1” was deleted elsewhere. It is still open here: saving it makes it anew.',
            path
          );
    const id = Notification.warning(message, { autoClose: false });
    const dismiss = (): void => Notification.dismiss(id);
    const onSaved = (_: unknown, state: DocumentRegistry.SaveState): void => {
      if (state === 'completed') {
        context.saveState.disconnect(onSaved);
        context.disposed.disconnect(dismiss);
        this._told.delete(context);
        dismiss();
      }
    };
    context.disposed.connect(dismiss);
    context.saveState.connect(onSaved);
  }

  private readonly _told = new WeakMap<DocumentRegistry.Context, string>();
}

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
