import type { INotebookModel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';

/** What JupyterLab keeps the state of an open notebook in. */
type SharedNotebook = INotebookModel['sharedModel'];

interface IStateChange {
  stateChange?: { name: string; newValue?: unknown }[];
}

/** What was changed of the metadata of a notebook. */
interface IChange {
  key: string;
  oldValue?: unknown;
  newValue?: unknown;
}

/**
 * Let a notebook that nobody has changed stay so when it is opened and its kernel gets ready:
 * JupyterLab notes what that says of itself, and counts it as a change. The note stays, and is saved with the next
 * change. Which kernel a notebook has is a change like any other.
 */
export function keepCalm(notebook: SharedNotebook, hasKernel: () => boolean): IDisposable {
  /** Whether all that is being changed is such a note; null while nothing is. */
  let noted: boolean | null = null;
  const onMetadata = (_: unknown, change: IChange): void => {
    if (!notebook.dirty) {
      // Both are told in one go: no later change may be taken for this note.
      queueMicrotask(() => {
        noted = null;
      });
      noted = noted !== false && (isPlace(change) || (hasKernel() && isNote(change)));
    }
  };
  // What is changed is told first, and that it makes a difference right after.
  const onChanged = (_: unknown, { stateChange = [] }: IStateChange): void => {
    if (stateChange.some(({ name, newValue }) => name === 'dirty' && newValue === true)) {
      const calm = noted;
      noted = null;
      if (calm) {
        notebook.dirty = false;
      }
    }
  };
  notebook.metadataChanged.connect(onMetadata);
  notebook.changed.connect(onChanged);
  return new DisposableDelegate(() => {
    notebook.metadataChanged.disconnect(onMetadata);
    notebook.changed.disconnect(onChanged);
  });
}

/** Whether it is the place that JupyterLab keeps for what is not known yet. */
function isPlace({ key, oldValue, newValue }: IChange): boolean {
  const isKept = key === 'language_info' || key === 'kernelspec';
  return isKept && oldValue === undefined && nameOf(newValue) === '';
}

/** Whether it is what a kernel says of itself, and no other kernel than before. */
function isNote({ key, oldValue, newValue }: IChange): boolean {
  const name = nameOf(oldValue);
  return key === 'language_info' || (key === 'kernelspec' && !!name && name === nameOf(newValue));
}

function nameOf(value: unknown): unknown {
  return (value as { name?: unknown } | undefined)?.name;
}
