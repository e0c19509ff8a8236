import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IListing } from '../client/connection';
import { ApiError } from '../client/connection';
import { isCall } from '../client/runs';
import type { IRun, IRunOptions, RunStatus, RunsClient } from '../client/runs';
import type { Target } from '../client/targets';
import type { Feed, IObjectChange } from './feed';
import { isAt } from './history';
import { ListModel } from './list';
import type { IMemory } from './memory';
import { hasEnded, supersedes } from './progress';

const PAGE = 30;

/** How often to ask although nothing was pushed: quicker while something runs. */
const BUSY_INTERVAL = 8_000;
const IDLE_INTERVAL = 60_000;

export interface IRunFilter {
  status?: RunStatus;
  job?: string;
  /** The id of the one that they were due by. */
  schedule?: string;
  /** Those that their callers performed, which are left out else. */
  local?: boolean;
  /** Only those of models and scripts, or only those of notebooks. */
  calls?: boolean;
}

/** What of a filter is chosen, and not looked for once. */
export type RunChoice = Pick<IRunFilter, 'calls' | 'status' | 'local'>;

export interface IRunsOptions {
  client: RunsClient;
  feed: Feed;
  /** Where to keep which runs were asked for here; forgotten with this model by default. */
  started?: IMemory;
  /** Keeps what somebody has chosen to see. */
  keep?: (chosen: RunChoice) => void;
}

/** The runs of the repository, newest first, as many as were asked for; kept up to date. */
export class RunsModel extends ListModel<IRun> {
  constructor(options: IRunsOptions) {
    super({ page: PAGE });
    this._client = options.client;
    this._feed = options.feed;
    this._started = options.started ?? new Set<string>();
    this._keep = options.keep;
    this._feed.runChanged.connect(this._onRun, this);
    this._feed.objectChanged.connect(this._onObject, this);
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

  get filter(): Readonly<IRunFilter> {
    return this._filter;
  }

  /** Whether runs of groups are left out: who looks for something sees them as well. */
  get alone(): boolean {
    return !this._filter.status && !this._filter.schedule && !this._filter.local;
  }

  async setFilter(filter: IRunFilter): Promise<void> {
    this._filter = { ...filter };
    await this.anew();
  }

  /** Show only runs of calls, or of notebooks, or all, from now on. */
  async showCalls(calls: boolean | undefined): Promise<void> {
    const { status, local } = this._filter; // a job is a notebook or what is called
    this._keep?.({ calls, status, local });
    await this.setFilter({ status, local, calls });
  }

  /** Show only runs of a status, or those that no worker performed, from now on. */
  async showStatus({ status, local }: Omit<RunChoice, 'calls'>): Promise<void> {
    const { job, schedule, calls } = this._filter;
    this._keep?.({ calls, status, local });
    await this.setFilter({ status, local, job, schedule, calls });
  }

  /** Show those of the same job, or of what was called, alone. */
  async showAlike({ job_now: job, kind }: IRun): Promise<void> {
    const { status, local } = this._filter;
    await this.setFilter({ status, local, job, calls: isCall({ kind }) || undefined });
  }

  /** Show a run among the others, whatever was looked for. */
  async lookAt(run: IRun): Promise<void> {
    const listed = (): boolean => this.items.some(({ id }) => id === run.id);
    if (!listed() || !this._matches(run)) {
      await this.setFilter({ local: run.kind === 'local' || undefined });
      if (!listed()) {
        await this.showAlike(run);
      }
    }
  }

  async run(
    target: Target,
    parameters?: ReadonlyJSONObject,
    options?: IRunOptions
  ): Promise<IRun> {
    return this.own(await this._client.start(target, parameters, options));
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

  async resume(id: string): Promise<IRun> {
    return this.own(await this._client.resume(id));
  }

  /** Take a run as one that was asked for in this window. */
  own(run: IRun): IRun {
    this._started.add(run.id);
    // It may have ended before the answer to its start arrives.
    this._watched.set(run.id, run.status);
    const known = this.items.find(item => item.id === run.id);
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
    return this.items.find(run => run.id === id) ?? (await this._client.get(id));
  }

  protected ask(limit: number): Promise<IListing<IRun>> {
    const local = this._filter.local ?? false;
    return this._client.list({ ...this._filter, local, alone: this.alone, limit });
  }

  /** Show an answer, as far as nothing newer was heard since it was asked for. */
  protected override take(page: IListing<IRun>): void {
    const meanwhile = this._meanwhile;
    this._meanwhile = [];
    const known = new Map(this.items.map(run => [run.id, run]));
    meanwhile.forEach(run => known.set(run.id, newer(run, known.get(run.id))));
    const items = page.items
      .map(run => newer(run, known.get(run.id)))
      .filter(run => this._matches(run));
    this.show(items, page.total - (page.items.length - items.length));
    items.forEach(run => this._watch(run));
    meanwhile.forEach(run => this._onRun(this._feed, run));
  }

  protected override async follow(items: readonly IRun[]): Promise<void> {
    await this._checkWatched(new Set(items.map(run => run.id)));
    this._pace();
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
    this._meanwhile = this.waiting ? [...this._meanwhile, run] : [];
    const index = this.items.findIndex(item => item.id === run.id);
    if (index >= 0 && !supersedes(run, this.items[index])) {
      return;
    }
    const items = this.items.filter(item => item.id !== run.id);
    if (this.loaded && this._matches(run) && (index >= 0 || !this._isFurtherDown(run))) {
      items.push(run);
      items.sort((a, b) => Date.parse(b.queued_at) - Date.parse(a.queued_at));
    }
    this.show(items, this.total + items.length - this.items.length);
    this._watch(run);
    this._pace();
    this.emitChanged();
  }

  /** A notebook is somewhere else now: its runs are told where. */
  private _onObject(_: Feed, { previous_path: previous }: IObjectChange): void {
    if (
      previous &&
      this.items.some(({ job_path: path }) => path !== null && isAt(path, previous))
    ) {
      this.soon();
    }
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
    const { status, job, schedule, local = false, calls } = this._filter;
    return (
      (run.kind === 'local') === local &&
      (calls === undefined || isCall(run) === calls) &&
      (!this.alone || !run.group) &&
      (!status || run.status === status) &&
      (!job || run.job_now === job) &&
      (!schedule || run.schedule === schedule)
    );
  }

  /** Whether a run belongs to a page that is not shown yet. */
  private _isFurtherDown(run: IRun): boolean {
    const last = this.items[this.items.length - 1];
    const more = this.items.length < this.total;
    return more && Date.parse(run.queued_at) < Date.parse(last.queued_at);
  }

  private _pace(): void {
    // What somebody else runs out of sight is no reason to ask more often.
    const minded = (id: string): boolean =>
      this._started.has(id) || this.items.some(run => run.id === id);
    const busy = [...this._watched.keys()].some(minded);
    this.setInterval(busy ? BUSY_INTERVAL : IDLE_INTERVAL, busy);
  }

  private readonly _client: RunsClient;
  private readonly _feed: Feed;
  private readonly _begun = new Signal<this, IRun>(this);
  private readonly _ended = new Signal<this, IRun>(this);
  private readonly _heard = new Signal<this, IRun>(this);
  private readonly _watched = new Map<string, RunStatus>();
  private readonly _started: IMemory;
  private readonly _keep: IRunsOptions['keep'];
  private _filter: IRunFilter = {};
  private _meanwhile: IRun[] = [];
}

function newer(run: IRun, known: IRun | undefined): IRun {
  return known && !supersedes(run, known) ? known : run;
}
