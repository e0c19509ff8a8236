import type * as WidgetsModule from '@jupyter-widgets/jupyterlab-manager';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { CodeCell } from '@jupyterlab/cells';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { JSONExt, UUID } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { mayBeResult, originOf, WIDGET } from '../models/origin';
import { DOMAIN } from '../tokens';

/** Marks a notebook whose widgets are saved ones: that they reach no kernel is no news then. */
const SAVED = 'jp-Omega-savedWidgets';

/** Before all that can be shown in another way, as with the widgets' own manager. */
const RANK = -10;

type Widgets = typeof WidgetsModule;
type Context = DocumentRegistry.IContext<INotebookModel>;

/** Shows the widgets of a result in the state in which its run has left them. */
export const widgetsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:widgets',
  description: 'Shows the widgets of a result as its run has left them, without a kernel.',
  autoStart: true,
  requires: [ITranslator],
  activate: ({ docRegistry }: JupyterFrontEnd, translator: ITranslator): void => {
    const trans = translator.load(DOMAIN);
    // A Lab without ipywidgets has none: widgets are the texts that stand for them there.
    const widgets = import('@jupyter-widgets/jupyterlab-manager').catch(() => null);
    docRegistry.addWidgetExtension('Notebook', {
      createNew: (widget, { path }) => {
        const panel = widget as NotebookPanel;
        if (mayBeResult(path)) {
          waitForKernel(panel);
          const saved = new SavedWidgets(panel, trans);
          void widgets.then(manager => manager && saved.showBy(manager));
        }
      }
    });
  }
};

/**
 * Let a notebook that has no kernel be one that is not ready for widgets that live in it.
 *
 * JupyterLab's manager of widgets fails where there is no kernel when the notebook is ready, and
 * does not look again when somebody starts one.
 */
function waitForKernel(panel: NotebookPanel): void {
  const { sessionContext } = panel;
  const begun = new Promise<void>(resolve => {
    sessionContext.kernelChanged.connect((_, { newValue }) => {
      if (newValue) {
        panel.removeClass(SAVED);
        resolve();
      }
    });
  });
  const { ready } = sessionContext;
  Object.defineProperty(sessionContext, 'ready', {
    get: () => ready.then(() => (sessionContext.session?.kernel ? undefined : begun))
  });
}

/** The widgets that are saved with a notebook. */
class SavedWidgets {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _trans: TranslationBundle
  ) {}

  showBy(manager: Widgets): void {
    const { context } = this._panel;
    context.fileChanged.connect(() => this._show(manager));
    void context.ready.then(() => this._show(manager));
  }

  private _show(manager: Widgets): void {
    const { content, context, isDisposed, sessionContext } = this._panel;
    if (isDisposed || sessionContext.session?.kernel) {
      return;
    }
    const { model, path } = context;
    const told = model.getMetadata('widgets') as ReadonlyPartialJSONValue | undefined;
    const saved = told ?? null;
    const isResult = originOf(path, model.getMetadata('omega')) !== null;
    const isShown = this._shown !== undefined && JSONExt.deepEqual(saved, this._shown);
    if (!isResult || isShown) {
      return;
    }
    this._shown = saved;
    if (saved) {
      this._panel.addClass(SAVED);
      const renderers = renderersOf(this._panel, manager);
      const shown = manager.registerWidgetManager(savedIn(context), content.rendermime, renderers);
      this._panel.disposed.connect(() => shown.dispose());
    } else {
      this._tellNone(manager);
    }
  }

  /** No widget will come: its renderer would say for ever that it is being loaded. */
  private _tellNone(manager: Widgets): void {
    const { content } = this._panel;
    const told = this._trans.__('The run has saved no state of this widget.');
    content.rendermime.removeMimeType(WIDGET);
    content.rendermime.addFactory(
      { safe: false, mimeTypes: [WIDGET], createRenderer: () => new Told(told) },
      RANK
    );
    for (const renderer of renderersOf(this._panel, manager)) {
      renderer.node.textContent = told;
    }
  }

  /** Undefined until the first look. */
  private _shown: ReadonlyPartialJSONValue | undefined;
}

/** A line in the place of a widget. */
class Told extends Widget implements IRenderMime.IRenderer {
  constructor(text: string) {
    super();
    this.node.textContent = text;
  }

  renderModel(): Promise<void> {
    return Promise.resolve();
  }
}

/** A context with all that is saved, and a kernel that knows of no widget. */
function savedIn(context: Context): Context {
  const source = {};
  const silent = { connect: () => true, disconnect: () => true };
  const kernel = {
    id: UUID.uuid4(),
    handleComms: false,
    registerCommTarget: () => undefined,
    removeCommTarget: () => undefined,
    requestCommInfo: () => Promise.resolve({ content: { status: 'ok', comms: {} } }),
    statusChanged: new Signal(source),
    connectionStatusChanged: new Signal(source)
  };
  const sessionContext = {
    ready: Promise.resolve(),
    session: { kernel },
    kernelChanged: silent,
    statusChanged: silent,
    connectionStatusChanged: silent
  };
  const { model, urlResolver } = context;
  return { model, urlResolver, saveState: silent, sessionContext } as unknown as Context;
}

/** What is on the screen already of widgets, and waits for its manager. */
function* renderersOf(
  { content }: NotebookPanel,
  { WidgetRenderer }: Widgets
): Generator<InstanceType<Widgets['WidgetRenderer']>, undefined> {
  for (const cell of content.widgets) {
    for (const output of cell instanceof CodeCell ? cell.outputArea.widgets : []) {
      for (const part of output.children()) {
        if (part instanceof WidgetRenderer) {
          yield part;
        }
      }
    }
  }
  return undefined;
}
