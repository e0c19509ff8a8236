import type { IRun } from '../client/runs';
import { isFinal } from '../client/runs';

/** Whether nothing more will happen: a lost run is started again while attempts are left. */
export function hasEnded(run: IRun): boolean {
  return isFinal(run) && !(run.status === 'lost' && run.attempt < run.max_attempts);
}

/**
 * Whether `next` may replace what is `known` of the same run.
 *
 * Events and answers overtake each other: what was written earlier must not win.
 */
export function supersedes(next: IRun, known: IRun): boolean {
  if (next.attempt !== known.attempt) {
    return next.attempt > known.attempt;
  }
  if (known.status === 'lost') {
    return true;
  }
  const step = rank(next) - rank(known);
  return step !== 0 ? step > 0 : next.progress.done >= known.progress.done;
}

/** Seconds from start to end or, while it runs, to `now` (milliseconds); null before. */
export function elapsedSeconds(run: IRun, now: number): number | null {
  if (!run.started_at) {
    return null;
  }
  const end = run.ended_at ? Date.parse(run.ended_at) : now;
  return Math.max(0, (end - Date.parse(run.started_at)) / 1000);
}

function rank(run: IRun): number {
  return run.status === 'queued' ? 0 : run.status === 'running' ? 1 : 2;
}
