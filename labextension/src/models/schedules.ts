import type { IListing } from '../client/connection';
import type { IRun } from '../client/runs';
import { isFinal } from '../client/runs';
import type {
  ISchedule,
  IScheduleSettings,
  SchedulesClient,
  ScheduleSort
} from '../client/schedules';
import type { Target } from '../client/targets';
import type { Feed, IObjectChange } from './feed';
import { isAt } from './history';
import { ListModel } from './list';
import { supersedes } from './progress';
import type { RunsModel } from './runs';

const PAGE = 30;

/** More than anybody has. */
const ALL = 10_000;

export interface ISchedulesOptions {
  client: SchedulesClient;
  runs: RunsModel;
  feed: Feed;
}

/** When the jobs of the repository are due, as many as were asked for; kept up to date. */
export class SchedulesModel extends ListModel<ISchedule> {
  constructor(options: ISchedulesOptions) {
    super({ page: PAGE });
    this._client = options.client;
    this._runs = options.runs;
    options.feed.scheduleChanged.connect(this._onSchedule, this);
    options.feed.objectChanged.connect(this._onObject, this);
    this._runs.heard.connect(this._onRun, this);
  }

  get sort(): ScheduleSort {
    return this._sort;
  }

  async setSort(sort: ScheduleSort): Promise<void> {
    this._sort = sort;
    await this.restart();
  }

  /** The newest run that a schedule has started, as far as is known. */
  lastRun(schedule: ISchedule): IRun | null {
    return this._lastRuns.get(schedule.id) ?? null;
  }

  /** What is known of a schedule, from here or from the server. */
  async find(id: string): Promise<ISchedule> {
    return this.items.find(item => item.id === id) ?? (await this._client.get(id));
  }

  /** Those that run what is at these paths, or below them. */
  async at(paths: readonly string[]): Promise<ISchedule[]> {
    const { items } = await this._client.list({ limit: ALL });
    return items.filter(
      ({ unable, job_path: path }) =>
        unable === null && path !== null && paths.some(each => isAt(path, each))
    );
  }

  async add(target: Target, settings: IScheduleSettings): Promise<ISchedule> {
    const schedule = await this._client.add(target, settings);
    this.soon();
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
    this.show(this.items.map(item => (item.id === schedule.id ? schedule : item)));
    // An answer that is on its way may not know of it.
    this.outdate();
    this.emitChanged();
    this.soon(); // it may belong elsewhere in the order
    return schedule;
  }

  protected ask(limit: number): Promise<IListing<ISchedule>> {
    return this._client.list({ sort: this._sort, limit });
  }

  /** Learn how the last runs went, of which nothing final is known. */
  protected override async follow(items: readonly ISchedule[]): Promise<void> {
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
    this.soon();
  }

  /** Notebooks are renamed, go to the trash, and come back: schedules go by that. */
  private _onObject(_: Feed, { store, name, change, previous }: IObjectChange): void {
    if (store !== 'jobs' || change === 'annotated') {
      return;
    }
    const concerns = ({ job, unable }: ISchedule): boolean =>
      unable !== null || (change !== 'put' && (job === name || job === previous));
    if (this.items.some(concerns)) {
      this.soon();
    }
  }

  private _onRun(_: RunsModel, run: IRun): void {
    if (!run.schedule || !this._remember(run.schedule, run)) {
      return;
    }
    const item = this.items.find(({ id }) => id === run.schedule);
    if (item && item.last_run !== run.id) {
      this.soon(); // it was due: now it is due later
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
    if (!newer || this.isDisposed) {
      return false;
    }
    this._lastRuns.set(schedule, run);
    this.emitChanged();
    return another;
  }

  private readonly _client: SchedulesClient;
  private readonly _runs: RunsModel;
  private readonly _lastRuns = new Map<string, IRun>();
  private _sort: ScheduleSort = 'next_due';
}
