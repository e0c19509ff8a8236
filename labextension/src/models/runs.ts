import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IListing } from '../client/connection';
import { ApiError, messageOf } from '../client/connection';
import type { IReportOptions } from '../client/reports';
import type { IRun, RunStatus, RunsClient, Target } from '../client/runs';
import type { Feed } from './feed';
import type { IMemory } from './memory';
import { hasEnded, supersedes } from './progress';

export const PAGE = 30;

/** How often to ask although nothing was pushed: quicker while something runs. */
const BUSY_INTERVAL = 8_000;
const IDLE_INTERVAL = 60_000;

export interface IRunFilter {
  status?: RunStatus;
  job?: string;
}

export interface IRunsOptions {
  client: RunsClient;
  feed: Feed;
  /** Where to keep which runs were asked for here; forgotten with this model by default. */
  started?: IMemory;
}

/** The runs of the repository, newest first, as many as were asked for; kept up to date. */
export class RunsModel implements IDisposable {
  constructor(options: IRunsOptions) {
    this._client = options.client;
    this._feed = options.feed;
    this._started = options.started ?? new Set<string>();
    this._feed.runChanged.connect(this._onRun, this);
    this._poll = new Poll({
      auto: false,
      factory: () => this._fetch(),
      frequency: { interval: IDLE_INTERVAL, backoff: true, max: IDLE_INTERVAL },
      // A page may load before it is seen: its first answer does not wait for that.
      standby: () => (this._loaded ? 'when-hidden' : 'never')
    });
  }

  /** Anything shown here has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A run was asked for, or a worker has begun it. */
  get started(): ISignal<this, IRun> {
    return this._begun;
  }

  /** A run that was seen unfinished has ended; emitted once per run. */
  get ended(): ISignal<this, IRun> {
    return this._ended;
  }

  /** A run was heard of, whatever the filter. */
  get heard(): ISignal<this, IRun> {
    return this._heard;
  }

  get items(): readonly IRun[] {
    return this._items;
  }

  /** How many runs match the filter, shown or not. */
  get total(): number {
    return this._total;
  }

  get filter(): Readonly<IRunFilter> {
    return this._filter;
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
      this._feed.runChanged.disconnect(this._onRun, this);
      Signal.clearData(this);
    }
  }

  /** Ask now and, should nothing be pushed, from time to time. */
  start(): void {
    this._polling = true;
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

  async setFilter(filter: IRunFilter): Promise<void> {
    this._filter = { ...filter };
    this._limit = PAGE;
    this._loaded = false;
    this._items = [];
    this._changed.emit();
    await this.refresh();
  }

  async run(
    target: Target,
    parameters?: ReadonlyJSONObject,
    publish?: boolean | IReportOptions
  ): Promise<IRun> {
    return this.own(await this._client.start(target, parameters, publish));
  }

  /** Whether the run was asked for in this window, before a reload or after. */
  startedHere(id: string): boolean {
    return this._started.has(id);
  }

  async cancel(id: string): Promise<IRun> {
    const run = await this._client.cancel(id);
    this._onRun(this._feed, run);
    return run;
  }

  async rerun(id: string): Promise<IRun> {
    return this.own(await this._client.rerun(id));
  }

  /** Take a run as one that was asked for in this window. */
  own(run: IRun): IRun {
    this._started.add(run.id);
    // It may have ended before the answer to its start arrives.
    this._watched.set(run.id, run.status);
    const known = this._items.find(item => item.id === run.id);
    this._onRun(this._feed, newer(run, known));
    return run;
  }

  /** The newest succeeded run of the notebook at `path`, if there is one. */
  async lastGood(path: string): Promise<IRun | null> {
    const page = await this._client.list({ path, status: 'succeeded', limit: 1 });
    return page.items[0] ?? null;
  }

  /** What is known of a run, from here or from the server. */
  async find(id: string): Promise<IRun> {
    return this._items.find(run => run.id === id) ?? (await this._client.get(id));
  }

  private async _fetch(): Promise<void> {
    const asked = ++this._asked;
    this._meanwhile = [];
    try {
      const page = await this._client.list({ ...this._filter, limit: this._limit });
      if (asked !== this._asked || this._isDisposed) {
        return; // a newer question is on its way
      }
      this._show(page);
      this._changed.emit();
      await this._checkWatched(new Set(page.items.map(run => run.id)));
      this._pace();
      this._changed.emit();
    } catch (error) {
      if (asked === this._asked && !this._isDisposed) {
        this._meanwhile = null;
        this._error = messageOf(error);
        this._changed.emit();
      }
      throw error;
    }
  }

  /** Show an answer, as far as nothing newer was heard since it was asked for. */
  private _show(page: IListing<IRun>): void {
    const meanwhile = this._meanwhile ?? [];
    this._meanwhile = null;
    const known = new Map(this._items.map(run => [run.id, run]));
    meanwhile.forEach(run => known.set(run.id, newer(run, known.get(run.id))));
    this._items = page.items
      .map(run => newer(run, known.get(run.id)))
      .filter(run => this._matches(run));
    this._total = page.total - (page.items.length - this._items.length);
    this._loaded = true;
    this._error = null;
    this._items.forEach(run => this._watch(run));
    meanwhile.forEach(run => this._onRun(this._feed, run));
  }

  /** Learn what became of runs that were asked for here and that the listing does not show. */
  private async _checkWatched(listed: Set<string>): Promise<void> {
    for (const id of [...this._watched.keys()].filter(id => !listed.has(id))) {
      if (!this._started.has(id)) {
        this._watched.delete(id); // somebody else's, and out of sight
        continue;
      }
      try {
        this._watch(await this._client.get(id));
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 404)) {
          throw error;
        }
        this._watched.delete(id);
      }
    }
  }

  private _onRun(_: Feed, run: IRun): void {
    // An answer that is on its way may not know of it.
    this._meanwhile?.push(run);
    const index = this._items.findIndex(item => item.id === run.id);
    if (index >= 0 && !supersedes(run, this._items[index])) {
      return;
    }
    const items = this._items.filter(item => item.id !== run.id);
    if (this._loaded && this._matches(run) && (index >= 0 || !this._isFurtherDown(run))) {
      items.push(run);
      items.sort((a, b) => Date.parse(b.queued_at) - Date.parse(a.queued_at));
    }
    this._total += items.length - this._items.length;
    this._items = items;
    this._watch(run);
    this._pace();
    this._changed.emit();
  }

  private _watch(run: IRun): void {
    this._heard.emit(run);
    if (!hasEnded(run)) {
      if (this._watched.get(run.id) !== run.status) {
        this._watched.set(run.id, run.status);
        this._begun.emit(run);
      }
    } else if (this._watched.delete(run.id)) {
      this._ended.emit(run);
    }
  }

  private _matches(run: IRun): boolean {
    const { status, job } = this._filter;
    return (!status || run.status === status) && (!job || run.job === job);
  }

  /** Whether a run belongs to a page that is not shown yet. */
  private _isFurtherDown(run: IRun): boolean {
    const last = this._items[this._items.length - 1];
    const more = this._items.length < this._total;
    return more && Date.parse(run.queued_at) < Date.parse(last.queued_at);
  }

  private _pace(): void {
    // What somebody else runs out of sight is no reason to ask more often.
    const minded = (id: string): boolean =>
      this._started.has(id) || this._items.some(run => run.id === id);
    const busy = [...this._watched.keys()].some(minded);
    const interval = busy ? BUSY_INTERVAL : IDLE_INTERVAL;
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
      if (this._polling && interval === BUSY_INTERVAL) {
        void this._poll.refresh(); // else the pause that goes on is still a long one
      }
    }
  }

  private readonly _client: RunsClient;
  private readonly _feed: Feed;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _begun = new Signal<this, IRun>(this);
  private readonly _ended = new Signal<this, IRun>(this);
  private readonly _heard = new Signal<this, IRun>(this);
  private readonly _watched = new Map<string, RunStatus>();
  private readonly _started: IMemory;
  private _items: IRun[] = [];
  private _total = 0;
  private _limit = PAGE;
  private _filter: IRunFilter = {};
  private _loaded = false;
  private _error: string | null = null;
  private _asked = 0;
  private _meanwhile: IRun[] | null = null;
  private _polling = false;
  private _isDisposed = false;
}

function newer(run: IRun, known: IRun | undefined): IRun {
  return known && !supersedes(run, known) ? known : run;
}
