import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { NotebookPanel } from '@jupyterlab/notebook';

import type { IRun } from '../client/runs';
import { isFinal } from '../client/runs';

/** How often it is looked for what a run that has just begun is about to save, and how far apart. */
const LOOKS = 20;
const PAUSE = 500;

/** Open the executed notebook of a run. It is there to be read: no kernel is started for it. */
export async function openResult(
  documents: IDocumentManager,
  run: IRun
): Promise<IDocumentWidget | undefined> {
  const path = run.result_path;
  if (path === null) {
    return undefined;
  }
  if (!isFinal(run)) {
    await appeared(documents, path);
  }
  const isNew = !documents.findWidget(path, null);
  const widget = documents.openOrReveal(path, undefined, undefined, undefined, {
    shouldStart: false,
    autoStartDefault: false
  });
  if (widget && isNew) {
    void widget.context.ready.then(() => {
      // Jupyter adds the language where it is missing, and calls that a change.
      widget.context.model.dirty = false;
    });
  }
  return widget;
}

/** Wait for a file that is about to be saved; who opens one that is not is told so by Jupyter. */
async function appeared({ services }: IDocumentManager, path: string): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    try {
      await services.contents.get(path, { content: false });
      return;
    } catch (error) {
      if ((error as { response?: Response }).response?.status !== 404) {
        return;
      }
    }
    await new Promise(resolve => setTimeout(resolve, PAUSE));
  }
}

/** Open the executed notebook at the cell that failed, and make that the active one. */
export async function openFailingCell(documents: IDocumentManager, run: IRun): Promise<void> {
  const widget = await openResult(documents, run);
  const cell = run.error?.cell ?? null;
  if (!(widget instanceof NotebookPanel) || cell === null) {
    return;
  }
  await widget.context.ready;
  await widget.revealed;
  const notebook = widget.content;
  if (cell < notebook.widgets.length) {
    notebook.activeCellIndex = cell;
    notebook.deselectAll();
    await notebook.scrollToCell(notebook.widgets[cell], 'smart');
    widget.activate();
  }
}
