import type { IBaseCell, IMimeBundle } from '@jupyterlab/nbformat';

/** What stands for a widget in what a cell shows. */
export const WIDGET = 'application/vnd.jupyter.widget-view+json';
const RESULTS = 'results/';

/** The id of the run that has left a notebook, as its metadata tell; null where they do not. */
export function runOf(told: unknown): string | null {
  const run = (told as { run?: unknown } | null | undefined)?.run;
  return typeof run === 'string' && run !== '' ? run : null;
}

/**
 * The path of the notebook whose run has left the one at `path`; null if that is none.
 *
 * `told` is what its metadata say. A copy that somebody has made elsewhere is theirs.
 */
export function originOf(path: string, told: unknown): string | null {
  const job = (told as { job?: unknown } | null | undefined)?.job;
  if (typeof job !== 'string' || job === '') {
    return null;
  }
  const at = placeOf(path);
  return at === null ? null : path.slice(0, at) + job;
}

/** Whether a path is where runs leave what they have executed: what is there may be a result. */
export function mayBeResult(path: string): boolean {
  return placeOf(path) !== null;
}

/** Where in a path the folder of results is: the repository may be a folder, as may be the bucket. */
function placeOf(path: string): number | null {
  const at = path.startsWith(RESULTS) ? 0 : path.indexOf(`/${RESULTS}`) + 1;
  return path.startsWith(RESULTS, at) ? at : null;
}

/** Whether a cell shows a widget. */
export function hasWidget({ outputs }: IBaseCell): boolean {
  return ((outputs as { data?: IMimeBundle }[] | undefined) ?? []).some(
    ({ data }) => WIDGET in (data ?? {})
  );
}
