import type { Event } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Stream } from '@lumino/signaling';

import type { IObject } from '../src/client/objects';
import type { IRun, RunChange } from '../src/client/runs';
import type { ISchedule } from '../src/client/schedules';
import type { IObjectChange } from '../src/models/feed';
import {
  Feed,
  OBJECT_SCHEMA,
  REPORT_SCHEMA,
  RUN_SCHEMA,
  SCHEDULE_SCHEMA
} from '../src/models/feed';

export const trans = nullTranslator.load('omegaml_lab');

/** A queued run; `minute` orders runs by the time at which they were asked for. */
export function makeRun(id: string, minute = 0, changes: Partial<IRun> = {}): IRun {
  return {
    id,
    job: 'reports/flights.ipynb',
    job_now: changes.job ?? 'reports/flights.ipynb',
    job_path: 'reports/flights.ipynb',
    revision: 1,
    status: 'queued',
    parameters: {},
    progress: { done: 0, total: 0, current: null },
    queued_at: new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString(),
    started_at: null,
    ended_at: null,
    worker: null,
    kind: 'job',
    attempt: 1,
    max_attempts: 3,
    error: null,
    result: null,
    result_path: null,
    owner: 'ada',
    publish: false,
    cancel_requested: false,
    notice: null,
    schedule: null,
    ...changes
  };
}

/** A schedule that is due each morning. */
export function makeSchedule(id: string, changes: Partial<ISchedule> = {}): ISchedule {
  return {
    id,
    job: 'reports/flights.ipynb',
    job_path: 'reports/flights.ipynb',
    bucket: 'default',
    when: 'daily at 6:00',
    cron: '0 6 * * *',
    experiment: '',
    unable: null,
    trash: null,
    words: 'every day at 6:00',
    timezone: 'Europe/Zurich',
    parameters: {},
    label: 'default',
    overlap: 'skip',
    misfire: 'run once',
    publish: false,
    publish_options: {},
    limits: {
      retries: null,
      retry_wait: null,
      timeout: null,
      cell_timeout: null,
      memory: null,
      keep_kernel: null,
      priority: null
    },
    pinned: '',
    jitter: 0,
    keep: null,
    starts_at: null,
    ends_at: null,
    paused: false,
    next_due: '2026-01-02T05:00:00+00:00',
    last_due: null,
    last_run: null,
    waiting: [],
    owner: 'ada',
    created_at: '2026-01-01T12:00:00+00:00',
    modified_at: '2026-01-01T12:00:00+00:00',
    notice: null,
    ...changes
  };
}

export function makeObject(name: string, changes: Partial<IObject> = {}): IObject {
  return {
    store: 'jobs',
    name,
    kind: 'notebook',
    revision: 1,
    created: '2026-01-01T12:00:00+00:00',
    modified: '2026-01-01T12:00:00+00:00',
    bucket: 'default',
    owner: 'ada',
    size: 1234,
    hash: null,
    attributes: {},
    tags: [],
    run: null,
    origin: null,
    path: name,
    ...changes
  };
}

/** Jupyter's event bus, and our feed that listens to it. */
export class Bus {
  private readonly _stream = new Stream<unknown, Event.Emission>(this);
  readonly feed: Feed;

  constructor(find?: (id: string) => Promise<IRun>) {
    this.feed = new Feed(this._stream, find);
  }

  run(run: RunChange): void {
    this._stream.emit({ schema_id: RUN_SCHEMA, run } as unknown as Event.Emission);
  }

  object(store: string, name: string, change = 'put', previous = name): void {
    this._stream.emit({ schema_id: OBJECT_SCHEMA, store, name, change, previous });
  }

  /** Something is done to a file of a bucket that is shown. */
  file(told: Partial<IObjectChange>): void {
    const event = { schema_id: OBJECT_SCHEMA, store: 'jobs', change: 'put', ...told };
    this._stream.emit(event);
  }

  schedule(schedule: string, change = 'saved'): void {
    this._stream.emit({ schema_id: SCHEDULE_SCHEMA, schedule, change });
  }

  report(report: string, change = 'saved'): void {
    this._stream.emit({ schema_id: REPORT_SCHEMA, report, change });
  }

  other(): void {
    this._stream.emit({ schema_id: 'https://example.org/other', name: 'x' });
  }
}

/** Wait until something holds, or fail when it does not in time. */
export async function until(holds: () => boolean, most = 2000): Promise<void> {
  for (let waited = 0; !holds(); waited += 10) {
    if (waited > most) {
      throw new Error('it did not come to hold');
    }
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
