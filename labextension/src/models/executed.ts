/** What of a cell tells which one it is. */
export interface ICell {
  id?: string;
  metadata?: { tags?: unknown };
}

/** How papermill tags the cell in which it hands over the parameters. */
const INJECTED = 'injected-parameters';

/**
 * Where the cell that stands at `index` of a result is in the notebook that was run, whose cells
 * have the `ids`; null where it is not any more.
 *
 * Cells that have no id, of notebooks of an older format, are found by their place.
 */
export function cellOf(
  executed: readonly ICell[],
  index: number,
  ids: readonly string[]
): number | null {
  const id = executed[index]?.id;
  const same = id === undefined ? -1 : ids.indexOf(id);
  if (same >= 0) {
    return same;
  }
  const given = executed.slice(0, index).filter(isInjected).length;
  const place = index - given;
  return !isInjected(executed[index]) && place < ids.length ? place : null;
}

function isInjected(cell: ICell | undefined): boolean {
  const tags = cell?.metadata?.tags;
  return Array.isArray(tags) && tags.includes(INJECTED);
}
