import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { Connection, IListing } from './connection';
import type { RunStatus } from './runs';

/** Runs that are compared by what they have logged. Times are ISO 8601. */
export interface IExperiment {
  name: string;
  bucket: string;
  /** How many runs it has, and how many of them wait or go on. */
  runs: number;
  going: number;
  created_at: string;
  modified_at: string;
}

/** What JSON has no number for is a text: NaN, Infinity or -Infinity. */
export type MetricValue = number | 'NaN' | 'Infinity' | '-Infinity';

/** What is told of a run to compare it by. */
export interface IComparedRun {
  run: string;
  status: RunStatus;
  /** What it is: a job, a model, a script, or local where its caller performed it. */
  kind: string;
  job: string;
  revision: number;
  owner: string;
  started_at: string | null;
  /** In seconds. */
  duration: number | null;
  parameters: ReadonlyJSONObject;
  metrics: Record<string, MetricValue>;
  /** How many values there are of each metric. */
  logged: Record<string, number>;
  tags: ReadonlyJSONObject;
  /** Each as store/name@revision. */
  artifacts: Record<string, string>;
}

/** An experiment, and a page of its runs, the newest first. */
export interface IComparison extends IExperiment, IListing<IComparedRun> {}

/** One value that was logged. */
export interface IValue {
  run: string;
  metric: string;
  step: number;
  value: MetricValue;
  at: string;
}

export class ExperimentsClient {
  constructor(private readonly _connection: Connection) {}

  /** The one with the newest run first. */
  list(): Promise<IListing<IExperiment>> {
    return this._connection.request('GET', ['experiments']);
  }

  get(name: string, query: { limit?: number } = {}): Promise<IComparison> {
    return this._connection.request('GET', ['experiments', name], { ...query });
  }

  /** The values of a metric that a run has logged, the first ones in the order of logging. */
  values(name: string, metric: string, run: string): Promise<IListing<IValue>> {
    return this._connection.request('GET', ['values', name], { metric, run });
  }

  /** Forget it; runs of jobs, models and scripts stay. */
  async drop(name: string): Promise<void> {
    await this._connection.request<void>('DELETE', ['experiments', name]);
  }
}
