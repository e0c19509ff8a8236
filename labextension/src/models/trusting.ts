import type { ICell } from '@jupyterlab/nbformat';

import { areSame, isNotebook } from './conflict';

/**
 * Whether a save of a notebook says no more than that somebody trusts it: that is kept by the
 * server for this person, and changes nothing of the notebook.
 */
export function onlyTrusts(theirs: unknown, ours: unknown): boolean {
  if (!isNotebook(theirs) || !isNotebook(ours) || !ours.cells.every(isTrusted)) {
    return false;
  }
  // What a kernel says of itself is no change.
  const { kernelspec } = theirs.metadata;
  return areSame(theirs, { ...ours, metadata: { ...ours.metadata, kernelspec } });
}

function isTrusted({ cell_type: type, metadata }: ICell): boolean {
  return type !== 'code' || metadata.trusted === true;
}
