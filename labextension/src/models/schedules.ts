import type { IDisposable } from '@lumino/disposable';
import { Poll, Throttler } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { messageOf } from '../client/connection';
import type { IRun, Target } from '../client/runs';
import { isFinal } from '../client/runs';
import type {
  ISchedule,
  IScheduleSettings,
  SchedulesClient,
  ScheduleSort
} from '../client/schedules';
import type { Feed } from './feed';
import { supersedes } from './progress';
import type { RunsModel } from './runs';

export const PAGE = 30;

const POLL_INTERVAL = 60_000;

export interface ISchedulesOptions {
  client: SchedulesClient;
  runs: RunsModel;
  feed: Feed;
}

/** When the jobs of the repository are due, as many as were asked for; kept up to date. */
export class SchedulesModel implements IDisposable {
  constructor(options: ISchedulesOptions) {
    this._client = options.client;
    this._runs = options.runs;
    this._feed = options.feed;
    this._feed.scheduleChanged.connect(this._onSchedule, this);
    this._runs.heard.connect(this._onRun, this);
    // At a full hour many are due at once.
    this._soon = new Throttler(() => this.refresh(), { limit: 500, edge: 'trailing' });
    this._poll = new Poll({
      auto: false,
      factory: () => this._fetch(),
      frequency: { interval: POLL_INTERVAL, backoff: true, max: POLL_INTERVAL },
      // A page may load before it is seen: its first answer does not wait for that.
      standby: () => (this._loaded ? 'when-hidden' : 'never')
    });
  }

  /** Anything shown here has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get items(): readonly ISchedule[] {
    return this._items;
  }

  /** How many there are, shown or not. */
  get total(): number {
    return this._total;
  }

  get sort(): ScheduleSort {
    return this._sort;
  }

  /** Whether nothing is known yet. */
  get loading(): boolean {
    return !this._loaded && this._error === null;
  }

  /** Why the last attempt to ask the server failed, null when it did not. */
  get error(): string | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._poll.dispose();
      this._soon.dispose();
      this._feed.scheduleChanged.disconnect(this._onSchedule, this);
      this._runs.heard.disconnect(this._onRun, this);
      Signal.clearData(this);
    }
  }

  /** Ask now and, should nothing be pushed, from time to time. */
  start(): void {
    void this._poll.start();
  }

  /** Ask the server again for what is shown. Never rejects: see `error`. */
  async refresh(): Promise<void> {
    await this._fetch().catch(() => undefined);
  }

  /** Show one page more. */
  async more(): Promise<void> {
    this._limit = this._items.length + PAGE;
    await this.refresh();
  }

  async setSort(sort: ScheduleSort): Promise<void> {
    this._sort = sort;
    this._limit = PAGE;
    this._changed.emit();
    await this.refresh();
  }

  /** The newest run that a schedule has started, as far as is known. */
  lastRun(schedule: ISchedule): IRun | null {
    return this._lastRuns.get(schedule.id) ?? null;
  }

  /** What is known of a schedule, from here or from the server. */
  async find(id: string): Promise<ISchedule> {
    return this._items.find(item => item.id === id) ?? (await this._client.get(id));
  }

  async add(target: Target, settings: IScheduleSettings): Promise<ISchedule> {
    const schedule = await this._client.add(target, settings);
    void this._soon.invoke();
    return schedule;
  }

  async edit(id: string, settings: Partial<IScheduleSettings>): Promise<ISchedule> {
    return this._replace(await this._client.edit(id, settings));
  }

  async pause(id: string): Promise<ISchedule> {
    return this._replace(await this._client.pause(id));
  }

  async resume(id: string): Promise<ISchedule> {
    return this._replace(await this._client.resume(id));
  }

  /** Run it now, whenever it is due. */
  async runNow(id: string): Promise<IRun> {
    return this._runs.own(await this._client.run(id));
  }

  async drop(id: string): Promise<void> {
    await this._client.drop(id);
    await this.refresh();
  }

  private _replace(schedule: ISchedule): ISchedule {
    this._items = this._items.map(item => (item.id === schedule.id ? schedule : item));
    // An answer that is on its way may not know of it.
    this._answered = this._asked;
    this._changed.emit();
    void this._soon.invoke(); // it may belong elsewhere in the order
    return schedule;
  }

  private async _fetch(): Promise<void> {
    const asked = ++this._asked;
    try {
      const { items, total } = await this._client.list({ sort: this._sort, limit: this._limit });
      if (asked > this._answered && !this._isDisposed) {
        this._answered = asked;
        this._items = items;
        this._total = total;
        this._loaded = true;
        this._error = null;
        this._changed.emit();
        await this._findRuns(items);
      }
    } catch (error) {
      if (asked > this._answered && !this._isDisposed) {
        this._answered = asked;
        this._error = messageOf(error);
        this._changed.emit();
      }
      throw error;
    }
  }

  /** Learn how the last runs went, of which nothing final is known. */
  private async _findRuns(items: readonly ISchedule[]): Promise<void> {
    const wanted = items.filter(({ id, last_run }) => {
      const known = this._lastRuns.get(id);
      return last_run !== null && (known?.id !== last_run || !isFinal(known));
    });
    const found = await Promise.allSettled(
      wanted.map(({ last_run }) => this._runs.find(last_run ?? ''))
    );
    for (const [index, answer] of found.entries()) {
      // A run may be gone: then its schedule tells only when it was due.
      if (answer.status === 'fulfilled') {
        this._remember(wanted[index].id, answer.value);
      }
    }
  }

  private _onSchedule(): void {
    void this._soon.invoke();
  }

  private _onRun(_: RunsModel, run: IRun): void {
    if (!run.schedule || !this._remember(run.schedule, run)) {
      return;
    }
    const item = this._items.find(({ id }) => id === run.schedule);
    if (item && item.last_run !== run.id) {
      void this._soon.invoke(); // it was due: now it is due later
    }
  }

  /** Keep a run of a schedule if it tells something newer; return whether it is another one. */
  private _remember(schedule: string, run: IRun): boolean {
    const known = this._lastRuns.get(schedule);
    const another = known?.id !== run.id;
    const newer =
      !known ||
      (another
        ? Date.parse(run.queued_at) >= Date.parse(known.queued_at)
        : supersedes(run, known));
    if (!newer || this._isDisposed) {
      return false;
    }
    this._lastRuns.set(schedule, run);
    this._changed.emit();
    return another;
  }

  private readonly _client: SchedulesClient;
  private readonly _runs: RunsModel;
  private readonly _feed: Feed;
  private readonly _poll: Poll;
  private readonly _soon: Throttler;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _lastRuns = new Map<string, IRun>();
  private _items: ISchedule[] = [];
  private _total = 0;
  private _limit = PAGE;
  private _sort: ScheduleSort = 'next_due';
  private _loaded = false;
  private _error: string | null = null;
  private _asked = 0;
  // Only older answers are dropped: were all but the last, steady changes would show nothing.
  private _answered = 0;
  private _isDisposed = false;
}
