import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';

import type { IRun } from '../client/runs';
import { reload } from '../commands/reload';
import { mayBeResult, originOf } from '../models/origin';
import { addOrigin } from '../pages/origin';
import { DOMAIN, IOmega } from '../tokens';

/** The least time between two looks at a result that grows. */
const PAUSE = 1500;

/** Keeps open results up to date while their runs go on, and says of each what it is. */
export const resultsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:results',
  description: 'Shows the outputs of a running notebook as they come.',
  autoStart: true,
  requires: [IOmega, IDocumentManager, ITranslator],
  optional: [INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    documents: IDocumentManager,
    translator: ITranslator,
    notebooks: INotebookTracker | null
  ): void => {
    const results = new OpenResults(documents);
    omega.runs.heard.connect((_, run) => results.update(run));
    omega.runs.ended.connect((_, run) => results.update(run, true));
    const trans = translator.load(DOMAIN);
    const options = { omega, documents, translator, trans };
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: panel => keepIdle(panel as NotebookPanel)
    });
    notebooks?.widgetAdded.connect((_, panel) => void addOrigin(panel, options));
  }
};

/**
 * Start no kernel for a result, however it is opened: it is there to be read. Who runs a cell of
 * it is asked for one.
 */
function keepIdle({ context }: NotebookPanel): void {
  const { model, path, sessionContext } = context;
  if (!mayBeResult(path)) {
    return;
  }
  const { shouldStart, autoStartDefault } = sessionContext.kernelPreference;
  const prefer = (preference: Partial<ISessionContext.IKernelPreference>): void => {
    sessionContext.kernelPreference = { ...sessionContext.kernelPreference, ...preference };
  };
  prefer({ shouldStart: false, autoStartDefault: false });
  // Whether it is one stands in it, and that is read before a kernel is looked for.
  const decide = (): void => {
    model.metadataChanged.disconnect(decide);
    if (originOf(path, model.getMetadata('omega')) === null) {
      prefer({ shouldStart, autoStartDefault });
    }
  };
  model.metadataChanged.connect(decide);
}

/** The results that are open, each with what of it is shown. */
class OpenResults {
  constructor(private readonly _documents: IDocumentManager) {}

  /** Show the newest state of a run's result, where it is open and nobody has changed it. */
  update(run: IRun, justEnded = false): void {
    const { id, result_path: path } = run;
    const widget = path !== null ? this._documents.findWidget(path, null) : undefined;
    if (!widget) {
      this._shown.delete(id);
      return;
    }
    const state = `${run.status} ${run.attempt} ${run.progress.done}`;
    if (this._shown.get(id) === state || this._waiting.has(id)) {
      return;
    }
    if (!this._shown.has(id) && run.status !== 'running' && !justEnded) {
      return; // it was opened after its end
    }
    this._waiting.add(id);
    window.setTimeout(
      () => {
        this._waiting.delete(id);
        this._shown.set(id, state);
        void reload(widget);
      },
      run.status === 'running' ? PAUSE : 0
    );
  }

  private readonly _shown = new Map<string, string>();
  private readonly _waiting = new Set<string>();
}
