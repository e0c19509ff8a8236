import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';

import type { Connection, IListing } from './connection';
import type { AskedLimits } from './limits';
import type { RunStatus } from './runs';
import type { Target } from './targets';

/** Runs that were asked for together. Times are ISO 8601. */
export interface IGroup {
  id: string;
  title: string;
  /** What its runs execute. */
  jobs: string[];
  job_paths: (string | null)[];
  count: number;
  created_at: string;
  owner: string;
  /** The parameters in which its runs differ. */
  varied: string[];
  at_once: number | null;
  tags: string[];
  rounds: number;
  cancel_requested: boolean;
  /** How many runs are in which status; none where it is left out. */
  counts: Partial<Record<RunStatus, number>>;
  unfinished: number;
}

/** What is told of a run to compare it by. */
export interface IGroupRow {
  place: number | null;
  run: string;
  job: string;
  status: RunStatus;
  parameters: ReadonlyJSONObject;
  /** What its notebook has left. */
  recorded: ReadonlyJSONObject;
  seconds: number | null;
  cells: string;
  attempt: number;
  error: string | null;
  result: string | null;
  result_path: string | null;
}

export interface IGroupTable {
  group: IGroup;
  columns: { parameters: string[]; recorded: string[]; about: string[] };
  rows: IGroupRow[];
}

/** The values of each parameter that is varied. */
export type Grid = Readonly<Record<string, readonly ReadonlyJSONValue[]>>;

export interface IGroupOptions {
  /** Parameters that are the same in each run. */
  parameters?: ReadonlyJSONObject;
  at_once?: number | null;
  limits?: AskedLimits;
  /** What the workers must offer. */
  label?: string;
  /** What its runs are to be part of. */
  experiment?: string;
}

export class GroupsClient {
  constructor(private readonly _connection: Connection) {}

  /** Newest first. */
  list(query: { job?: string; limit?: number } = {}): Promise<IListing<IGroup>> {
    return this._connection.request('GET', ['groups'], { ...query });
  }

  /** Ask for a run of each combination of values. */
  start(target: Target, grid: Grid, options: IGroupOptions = {}): Promise<IGroup> {
    return this._connection.request('POST', ['groups'], {}, { ...target, grid, ...options });
  }

  table(id: string): Promise<IGroupTable> {
    return this._connection.request('GET', ['groups', id, 'table']);
  }

  get(id: string): Promise<IGroup> {
    return this._connection.request('GET', ['groups', id]);
  }

  cancel(id: string): Promise<IGroup> {
    return this._connection.request('POST', ['groups', id, 'cancel'], {}, {});
  }

  /** Run again what has ended without success. */
  retry(id: string): Promise<IGroup> {
    return this._connection.request('POST', ['groups', id, 'retry'], {}, {});
  }
}

/** How many runs of a group have ended without success. */
export function countFailed({ counts, unfinished, count }: IGroup): number {
  return count - unfinished - (counts.succeeded ?? 0);
}
