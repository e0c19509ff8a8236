import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { NotebookPanel } from '@jupyterlab/notebook';

import type { IRun } from '../client/runs';

/** Open the executed notebook of a run. It is there to be read: no kernel is started for it. */
export function openResult(documents: IDocumentManager, run: IRun): IDocumentWidget | undefined {
  const path = run.result_path;
  if (path === null) {
    return undefined;
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

/** Open the executed notebook at the cell that failed, and make that the active one. */
export async function openFailingCell(documents: IDocumentManager, run: IRun): Promise<void> {
  const widget = openResult(documents, run);
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
