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
  // The repository may be shown as a folder, as may be the bucket.
  const at = path.startsWith(RESULTS) ? 0 : path.indexOf(`/${RESULTS}`) + 1;
  const inside = path.startsWith(RESULTS, at);
  return inside ? path.slice(0, at) + job : null;
}
