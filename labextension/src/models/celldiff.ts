import type { ICell, INotebookContent, IOutput, MultilineString } from '@jupyterlab/nbformat';
import { JSONExt } from '@lumino/coreutils';
import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

/** How a cell of one notebook compares with its like in the other. */
export type CellChange = 'same' | 'changed' | 'added' | 'removed';

/** A cell before and after; one of them is null where it has no like in the other notebook. */
export interface ICellPair {
  readonly change: CellChange;
  readonly before: ICell | null;
  readonly after: ICell | null;
}

/** Cells that are less alike than this are no two states of one cell. */
const ALIKE = 0.4;

/** More comparisons than this take longer than somebody waits: what is left is not alike. */
const MOST = 1_000_000;

/**
 * Compare two notebooks cell by cell, in the order of the cells.
 *
 * The pairs are those of the alignment that is the most alike as a whole (Needleman and Wunsch
 * 1970); an equal id makes two cells alike, however different what they hold.
 */
export function pairCells(before: INotebookContent, after: INotebookContent): ICellPair[] {
  const [a, b] = [before.cells, after.cells];
  const least = Math.min(a.length, b.length);
  let head = 0;
  while (head < least && areEqual(a[head], b[head])) {
    head += 1;
  }
  let tail = 0;
  while (tail < least - head && areEqual(a[a.length - 1 - tail], b[b.length - 1 - tail])) {
    tail += 1;
  }
  const same = (cell: ICell, index: number): ICellPair => pair(cell, b[index]);
  return [
    ...a.slice(0, head).map(same),
    ...align(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map((cell, index) => same(cell, b.length - tail + index))
  ];
}

/** A cell's source as one text. */
export function sourceOf(cell: ICell | null): string {
  return cell ? textOf(cell.source) : '';
}

/** A cell's outputs; a cell without is like one that has none. */
export function outputsOf(cell: ICell | null): IOutput[] {
  return Array.isArray(cell?.outputs) ? (cell.outputs as IOutput[]) : [];
}

/** What is noted of a cell; whether somebody trusts it is a matter of who opens it. */
export function metadataOf(cell: ICell | null): PartialJSONObject {
  const metadata: PartialJSONObject = { ...cell?.metadata };
  delete metadata.trusted;
  return metadata;
}

/** Whether two cells show the same; how often they were executed is no difference. */
export function haveEqualOutputs(a: ICell | null, b: ICell | null): boolean {
  return JSONExt.deepEqual(shownOf(a), shownOf(b));
}

function shownOf(cell: ICell | null): PartialJSONValue[] {
  return outputsOf(cell).map(({ execution_count: _, ...output }) => {
    const shown = output as { text?: MultilineString };
    return shown.text === undefined ? shown : { ...shown, text: textOf(shown.text) };
  });
}

function areEqual(a: ICell, b: ICell): boolean {
  return (
    a.cell_type === b.cell_type &&
    sourceOf(a) === sourceOf(b) &&
    JSONExt.deepEqual(metadataOf(a), metadataOf(b)) &&
    haveEqualOutputs(a, b)
  );
}

function pair(before: ICell | null, after: ICell | null): ICellPair {
  const change =
    before === null
      ? 'added'
      : after === null
        ? 'removed'
        : areEqual(before, after)
          ? 'same'
          : 'changed';
  return { change, before, after };
}

function align(a: ICell[], b: ICell[]): ICellPair[] {
  if (a.length * b.length > MOST) {
    return [...a.map(cell => pair(cell, null)), ...b.map(cell => pair(null, cell))];
  }
  const [left, right] = [a.map(tell), b.map(tell)];
  // best[i][j]: how alike the cells from i and j on are, at best.
  const best = Array.from({ length: a.length + 1 }, () => new Float64Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const both = likeness(left[i], right[j]);
      best[i][j] = Math.max(best[i + 1][j], best[i][j + 1], both && both + best[i + 1][j + 1]);
    }
  }
  const pairs: ICellPair[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const both = i < a.length && j < b.length ? likeness(left[i], right[j]) : 0;
    if (both && best[i][j] === both + best[i + 1][j + 1]) {
      pairs.push(pair(a[i++], b[j++]));
    } else if (j === b.length || (i < a.length && best[i][j] === best[i + 1][j])) {
      pairs.push(pair(a[i++], null));
    } else {
      pairs.push(pair(null, b[j++]));
    }
  }
  return pairs;
}

/** What of a cell is compared with others. */
interface ITold {
  id: unknown;
  type: unknown;
  source: string;
  lines: Map<string, number>;
  count: number;
}

function tell(cell: ICell): ITold {
  const source = sourceOf(cell);
  const lines = new Map<string, number>();
  const all = source.split('\n').map(line => line.trim());
  all.forEach(line => lines.set(line, (lines.get(line) ?? 0) + 1));
  return { id: cell.id, type: cell.cell_type, source, lines, count: all.length };
}

/** How alike two cells are, from 0 to 2. */
function likeness(a: ITold, b: ITold): number {
  if (a.type !== b.type) {
    return 0;
  }
  const known = a.id !== undefined && a.id === b.id;
  if (a.source === b.source) {
    return known ? 2 : 1;
  }
  let common = 0;
  a.lines.forEach((count, line) => (common += Math.min(count, b.lines.get(line) ?? 0)));
  const share = (2 * common) / (a.count + b.count);
  return known ? 1 + share : share >= ALIKE ? share : 0;
}

function textOf(text: MultilineString): string {
  return Array.isArray(text) ? text.join('') : text;
}
