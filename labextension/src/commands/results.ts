import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IRun } from '../client/runs';
import { isFinal } from '../client/runs';
import type { ICell } from '../models/executed';
import { cellOf } from '../models/executed';

/** How often it is looked for what a run that has just begun is about to save, and how far apart. */
const LOOKS = 20;
const PAUSE = 500;

/**
 * Open the executed notebook of a run.
 *
 * @throws Error where there is none, as of a run whose worker was lost before its first cell.
 */
export async function openResult(
  documents: IDocumentManager,
  run: IRun,
  trans: TranslationBundle
): Promise<IDocumentWidget | undefined> {
  const path = run.result_path;
  if (path === null) {
    return undefined;
  }
  const isNew = !documents.findWidget(path, null);
  if (isNew && !(await appeared(documents, path, isFinal(run) ? 1 : LOOKS))) {
    throw new Error(
      isFinal(run)
        ? trans.__('This run has left no result, or it was dropped.')
        : trans.__('This run has saved nothing yet: please try again in a moment.')
    );
  }
  const widget = documents.openOrReveal(path);
  if (widget && isNew) {
    void widget.context.ready.then(() => {
      // Jupyter adds the language where it is missing, and calls that a change.
      widget.context.model.dirty = false;
    });
  }
  return widget;
}

/** Whether there is a file that may be about to be saved; other faults are for who opens it. */
async function appeared(
  { services }: IDocumentManager,
  path: string,
  looks: number
): Promise<boolean> {
  for (let look = 1; ; look++) {
    try {
      await services.contents.get(path, { content: false });
      return true;
    } catch (error) {
      if ((error as { response?: Response }).response?.status !== 404) {
        return true;
      }
    }
    if (look === looks) {
      return false;
    }
    await new Promise(resolve => setTimeout(resolve, PAUSE));
  }
}

/** Open the executed notebook at the cell that failed, and make that the active one. */
export async function openFailingCell(
  documents: IDocumentManager,
  run: IRun,
  trans: TranslationBundle
): Promise<void> {
  const widget = await openResult(documents, run, trans);
  const cell = run.error?.cell ?? null;
  if (widget instanceof NotebookPanel && cell !== null) {
    await widget.context.ready;
    await showCell(widget, cell);
  }
}

/** Open the notebook that was run; if a cell of it failed, there, as it is now. */
export async function openNotebook(documents: IDocumentManager, run: IRun): Promise<void> {
  if (run.job_path === null) {
    return;
  }
  const widget = documents.openOrReveal(run.job_path);
  const cell = run.error?.cell ?? null;
  if (!(widget instanceof NotebookPanel) || cell === null || run.result_path === null) {
    return;
  }
  const [executed] = await Promise.all([
    executedCells(documents, run.result_path),
    widget.context.ready
  ]);
  const now = Array.from(widget.content.model?.cells ?? []);
  const found = cellOf(
    executed,
    cell,
    now.map(({ id }) => id)
  );
  if (found !== null) {
    await showCell(widget, found);
  }
}

/** The cells of a result, from where it is open if it is. */
async function executedCells(documents: IDocumentManager, path: string): Promise<ICell[]> {
  const open = documents.findWidget(path, null);
  if (open instanceof NotebookPanel && open.content.model) {
    const { cells } = open.content.model;
    return Array.from(cells, ({ id, metadata }) => ({ id, metadata }));
  }
  const file = await documents.services.contents.get(path, { type: 'notebook', content: true });
  return (file.content as { cells: ICell[] }).cells;
}

/** Make a cell the active one, and bring it into sight. */
async function showCell(panel: NotebookPanel, index: number): Promise<void> {
  await panel.revealed;
  const notebook = panel.content;
  if (index < notebook.widgets.length) {
    notebook.activeCellIndex = index;
    notebook.deselectAll();
    await notebook.scrollToCell(notebook.widgets[index], 'smart');
    panel.activate();
  }
}
