import type { ICell, INotebookContent, MultilineString } from '@jupyterlab/nbformat';
import { JSONExt } from '@lumino/coreutils';
import type { PartialJSONValue } from '@lumino/coreutils';

/**
 * Whether two contents of a document are the same to whoever reads it: text by letter; of notebooks
 * neither counts how sources are cut into lines, nor what Jupyter notes by itself.
 */
export function areSame(a: unknown, b: unknown): boolean {
  if (isNotebook(a) && isNotebook(b)) {
    return JSONExt.deepEqual(plain(a), plain(b));
  }
  return JSONExt.deepEqual(a as PartialJSONValue, b as PartialJSONValue);
}

/** Whether it was the same person, in another tab or on another machine, and no run of theirs. */
export function wasSaver(
  { owner, byRun }: { owner: string; byRun: boolean },
  me: string | undefined
): boolean {
  return !byRun && owner !== '' && owner === me;
}

/** The name of the n-th copy of a document, next to it. */
export function copyPath(path: string, number: number): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  const end = dot > slash + 1 ? dot : path.length;
  return `${path.slice(0, end)}-Copy${number}${path.slice(end)}`;
}

/** Whether `content` can be compared cell by cell. */
export function isNotebook(content: unknown): content is INotebookContent {
  return typeof content === 'object' && content !== null && 'cells' in content;
}

/** A notebook without what JupyterLab and its kernel complete by themselves. */
export function asWritten(notebook: INotebookContent): INotebookContent {
  const metadata = { ...notebook.metadata };
  delete metadata.orig_nbformat;
  delete metadata.language_info;
  return { ...notebook, metadata };
}

function plain(notebook: INotebookContent): PartialJSONValue {
  const cells = notebook.cells.map(plainCell);
  return { ...asWritten(notebook), cells } as unknown as PartialJSONValue;
}

function plainCell(cell: ICell): unknown {
  const metadata = { ...cell.metadata, trusted: undefined };
  const outputs = Array.isArray(cell.outputs) ? { outputs: cell.outputs.map(plainOutput) } : {};
  return { ...cell, ...outputs, metadata, source: joined(cell.source) };
}

function plainOutput(output: unknown): unknown {
  const { text, ...rest } = output as { text?: MultilineString };
  return text === undefined ? rest : { ...rest, text: joined(text) };
}

function joined(text: MultilineString): string {
  return Array.isArray(text) ? text.join('') : text;
}
