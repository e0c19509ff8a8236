import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { Connection, IListing } from './connection';
import type { AskedLimits, ILimits } from './limits';
import type { IReportOptions } from './reports';
import type { IRun } from './runs';
import type { Target } from './targets';

/** What happens when a job is due while its last run still goes. */
export type Overlap = 'skip' | 'queue' | 'replace';

/** What happens with times that passed while no scheduler was there. */
export type Misfire = 'run once' | 'skip';

export type ScheduleSort = 'next_due' | 'job' | 'modified_at';

/** Between when and when a schedule counts, ISO 8601; null is without end. */
export interface IBounds {
  starts_at: string | null;
  ends_at: string | null;
}

/**
 * When a job is due. `when` is what a person said, `cron` the five fields it means, and `words` a
 * sentence that says so. Times are ISO 8601; the path is that of Jupyter's contents.
 */
export interface ISchedule extends IBounds {
  id: string;
  job: string;
  job_path: string | null;
  bucket: string;
  when: string;
  cron: string;
  words: string;
  timezone: string;
  parameters: ReadonlyJSONObject;
  label: string;
  overlap: Overlap;
  misfire: Misfire;
  publish: boolean;
  /** The choices of the report, where they are not the usual ones. */
  publish_options: Partial<IReportOptions>;
  limits: ILimits;
  /** The number or the tag of the revision that is run; empty for the newest when it is due. */
  pinned: string;
  /** Each run starts by chance up to so many seconds later. */
  jitter: number;
  /** Of how many runs that have ended the results are kept; null for all. */
  keep: number | null;
  /** What its runs are part of; empty for nothing. */
  experiment: string;
  paused: boolean;
  /** Null while it is paused, and when it is over. */
  next_due: string | null;
  last_due: string | null;
  last_run: string | null;
  /** Due times whose runs wait for the last one to end. */
  waiting: string[];
  owner: string;
  created_at: string;
  modified_at: string;
  /** Why the last time at which it was due made no run. */
  notice: string | null;
  /** Why it cannot run now: its notebook is not there. */
  unable: string | null;
  /** What is to be restored from the trash of the jobs, so that it can. */
  trash: string | null;
}

/** What of a schedule a person chooses. */
export interface IScheduleSettings extends IBounds {
  when: string;
  timezone: string;
  /** What a worker must offer; null leaves it to the server. */
  label: string | null;
  overlap: Overlap;
  misfire: Misfire;
  publish: boolean | Partial<IReportOptions>;
  limits: AskedLimits;
  pinned: string;
  /** Seconds, or text such as `5 min`. */
  jitter: string;
  keep: number | null;
  experiment: string;
  parameters?: ReadonlyJSONObject;
}

/** What some words mean, and the next times they stand for, told in their time zone. */
export interface IPreview {
  cron: string;
  words: string;
  times: string[];
}

export interface IScheduleQuery {
  path?: string;
  job?: string;
  paused?: boolean;
  sort?: ScheduleSort;
  descending?: boolean;
  offset?: number;
  limit?: number;
}

export class SchedulesClient {
  constructor(private readonly _connection: Connection) {}

  list(query: IScheduleQuery = {}): Promise<IListing<ISchedule>> {
    return this._connection.request('GET', ['schedules'], { ...query });
  }

  get(id: string): Promise<ISchedule> {
    return this._connection.request('GET', ['schedules', id]);
  }

  add(target: Target, settings: IScheduleSettings): Promise<ISchedule> {
    return this._connection.request('POST', ['schedules'], {}, { ...target, ...settings });
  }

  edit(id: string, settings: Partial<IScheduleSettings>): Promise<ISchedule> {
    return this._connection.request('PATCH', ['schedules', id], {}, settings);
  }

  async drop(id: string): Promise<void> {
    await this._connection.request<void>('DELETE', ['schedules', id]);
  }

  pause(id: string): Promise<ISchedule> {
    return this._connection.request('POST', ['schedules', id, 'pause'], {}, {});
  }

  resume(id: string): Promise<ISchedule> {
    return this._connection.request('POST', ['schedules', id, 'resume'], {}, {});
  }

  /** Run it now, whenever it is due. */
  run(id: string): Promise<IRun> {
    return this._connection.request('POST', ['schedules', id, 'run'], {}, {});
  }

  /**
   * What these words would mean.
   *
   * @throws ApiError when they are not understood, with what would be.
   */
  preview(when: string, timezone: string, bounds: Partial<IBounds> = {}): Promise<IPreview> {
    return this._connection.request(
      'POST',
      ['schedules', 'preview'],
      {},
      { when, timezone, ...bounds }
    );
  }
}
