import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { Connection, IListing } from './connection';
import type { AskedLimits, IAttempt, ILimits, IUsage } from './limits';
import type { IReportOptions } from './reports';
import type { Target } from './targets';

export type RunStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost';

export const STATUSES: readonly RunStatus[] = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'lost'
];

/** Only code cells count; `current` is an index among all cells of the result. */
export interface IProgress {
  done: number;
  total: number;
  current: number | null;
}

/** Why a run failed; `cell` is an index among all cells of the result, if one is to blame. */
export interface IFailure {
  name: string;
  message: string;
  cell: number | null;
  traceback?: string[];
}

/** One execution of a job. Times are ISO 8601; the paths are those of Jupyter's contents. */
export interface IRun {
  id: string;
  /** What was executed, by its name of then. */
  job: string;
  /** What that is called now; another one may be called `job`. */
  job_now: string;
  /** A job, a model, a script, or local where its caller performed it. */
  kind: 'job' | 'model' | 'script' | 'local';
  job_path: string | null;
  revision: number;
  status: RunStatus;
  parameters: ReadonlyJSONObject;
  progress: IProgress;
  queued_at: string;
  started_at: string | null;
  ended_at: string | null;
  worker: string | null;
  attempt: number;
  max_attempts: number;
  error: IFailure | null;
  result: string | null;
  result_path: string | null;
  log?: string;
  owner: string;
  publish: boolean;
  cancel_requested: boolean;
  notice: string | null;
  /** The schedule that started it, null when a person did. */
  schedule: string | null;
  limits?: ILimits;
  /** What its present attempt has used. */
  usage?: IUsage | null;
  /** The earlier ones. */
  attempts?: IAttempt[];
  /** When its next attempt may start, of one that waits for it. */
  retry_at?: string | null;
  tags?: string[];
  /** The group that it was asked for with. */
  group?: string | null;
  /** Ids of the runs that it follows. */
  after?: string[];
  /** Values that its notebook has left to compare it by. */
  recorded?: ReadonlyJSONObject;
  /** How long its kernel is kept, in which a cell failed. */
  kept_until?: string | null;
  /** The run that goes on in that. */
  resumed_by?: string | null;
  /** The run that it goes on with. */
  resumes?: string | null;
  /** What of a model or a script was called, with which arguments; of a notebook nothing is. */
  call?: ICall | null;
}

/** A method and its arguments, as people see them: data by name, values as JSON. */
export interface ICall {
  method: string;
  args: string[];
  kwargs: Record<string, string>;
}

/** Whether a run executed no notebook but called a model or a script. */
export function isCall({ kind }: Pick<IRun, 'kind'>): boolean {
  return kind === 'model' || kind === 'script';
}

/** What was executed, in few words: the job, or the method of what was called. */
export function titleOf({ job_now: job, call }: IRun): string {
  return call ? `${call.method} ${job}` : job;
}

/** What an event tells of a run: where it stands, and nothing that not everybody may know. */
export type RunChange = Omit<
  IRun,
  | 'parameters'
  | 'worker'
  | 'error'
  | 'log'
  | 'owner'
  | 'notice'
  | 'attempts'
  | 'tags'
  | 'after'
  | 'recorded'
  | 'resumes'
  | 'call'
> & {
  /** Whether it has a notice. */
  noticed?: boolean;
};

export interface IRunQuery {
  job?: string;
  path?: string;
  status?: RunStatus;
  schedule?: string;
  /** Only those of no group. */
  alone?: boolean;
  /** Only those that no worker performed, or none of them. */
  local?: boolean;
  /** Only those of models and scripts, or none of them. */
  calls?: boolean;
  offset?: number;
  limit?: number;
}

/** Whether a run can be resumed at `now`, the server's time in milliseconds. */
export function isResumable(run: IRun, now: number): boolean {
  return Boolean(run.kept_until) && !run.resumed_by && Date.parse(run.kept_until ?? '') > now;
}

/** How a run is to be performed, and what becomes of its result. */
export interface IRunOptions {
  publish?: boolean | IReportOptions;
  limits?: AskedLimits;
  /** What its worker must offer. */
  label?: string;
  /** What it is to be part of. */
  experiment?: string;
}

/** Whether a run has ended. */
export function isFinal(run: IRun): boolean {
  return run.status !== 'queued' && run.status !== 'running';
}

export class RunsClient {
  constructor(private readonly _connection: Connection) {}

  /** Newest first. */
  list(query: IRunQuery = {}): Promise<IListing<IRun>> {
    return this._connection.request('GET', ['runs'], { ...query });
  }

  get(id: string): Promise<IRun> {
    return this._connection.request('GET', ['runs', id]);
  }

  /** Ask for a run; with `publish` its result becomes the job's report when it succeeds. */
  start(
    target: Target,
    parameters: ReadonlyJSONObject = {},
    options: IRunOptions = {}
  ): Promise<IRun> {
    const body = { ...target, parameters, ...options };
    return this._connection.request('POST', ['runs'], {}, body);
  }

  cancel(id: string): Promise<IRun> {
    return this._connection.request('POST', ['runs', id, 'cancel'], {}, {});
  }

  /** Run again; without `parameters`, with those of the first time. */
  rerun(id: string, parameters?: ReadonlyJSONObject): Promise<IRun> {
    return this._connection.request(
      'POST',
      ['runs', id, 'rerun'],
      {},
      parameters ? { parameters } : {}
    );
  }

  /** Go on at the cell that failed, with the notebook as it is now. */
  resume(id: string): Promise<IRun> {
    return this._connection.request('POST', ['runs', id, 'resume'], {}, {});
  }
}
