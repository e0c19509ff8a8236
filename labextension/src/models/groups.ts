import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IListing } from '../client/connection';
import { ApiError } from '../client/connection';
import type {
  Grid,
  GroupsClient,
  IGroup,
  IGroupOptions,
  IGroupRow,
  IGroupTable
} from '../client/groups';
import type { IRun } from '../client/runs';
import type { Target } from '../client/targets';
import type { Sortable } from './compare';
import { sortable, sortedBy } from './compare';
import type { Feed } from './feed';
import { ListModel } from './list';
import type { IMemory } from './memory';
import { TableModel } from './table';

const PAGE = 30;
const POLL_INTERVAL = 30_000;

export interface IGroupsOptions {
  client: GroupsClient;
  feed: Feed;
  /** Where to keep which groups were asked for here; forgotten with this model by default. */
  started?: IMemory;
}

/** The groups of runs, newest first, as many as were asked for; kept up to date. */
export class GroupsModel extends ListModel<IGroup> {
  constructor({ client, feed, started }: IGroupsOptions) {
    super({ page: PAGE });
    this._client = client;
    this._started = started ?? new Set<string>();
    feed.runChanged.connect((_, run) => {
      if (run.group) {
        this.soon();
      }
    });
  }

  /** A group that was seen unfinished has ended, all of its runs. */
  get ended(): ISignal<this, IGroup> {
    return this._ended;
  }

  /** Whether the group was asked for in this window, before a reload or after. */
  startedHere(id: string): boolean {
    return this._started.has(id);
  }

  /** Ask for a run of each combination of values. */
  async run(target: Target, grid: Grid, options: IGroupOptions): Promise<IGroup> {
    const group = await this._client.start(target, grid, options);
    this._started.add(group.id);
    this._watched.add(group.id);
    await this.refresh();
    return group;
  }

  /** Only groups that run this job, when one is named. */
  async setJob(job: string | undefined): Promise<void> {
    if (job !== this._job) {
      this._job = job;
      await this.anew();
    }
  }

  find(id: string): Promise<IGroup> {
    const known = this.items.find(group => group.id === id);
    return known ? Promise.resolve(known) : this._client.get(id);
  }

  async cancel(id: string): Promise<void> {
    await this._client.cancel(id);
    await this.refresh();
  }

  async retry(id: string): Promise<void> {
    await this._client.retry(id);
    await this.refresh();
  }

  protected ask(limit: number): Promise<IListing<IGroup>> {
    return this._client.list({ job: this._job, limit });
  }

  protected override take(page: IListing<IGroup>): void {
    super.take(page);
    page.items.forEach(group => this._watch(group));
  }

  /** Learn what became of groups that were asked for here and that the listing does not show. */
  protected override async follow(items: readonly IGroup[]): Promise<void> {
    const listed = new Set(items.map(({ id }) => id));
    for (const id of [...this._watched].filter(each => !listed.has(each))) {
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
        this._watched.delete(id); // it is gone
      }
    }
  }

  private _watch(group: IGroup): void {
    if (group.unfinished > 0) {
      this._watched.add(group.id);
    } else if (this._watched.delete(group.id)) {
      this._ended.emit(group);
    }
  }

  private readonly _client: GroupsClient;
  private readonly _ended = new Signal<this, IGroup>(this);
  private readonly _started: IMemory;
  private readonly _watched = new Set<string>();
  private _job: string | undefined;
}

/** A column that the table can be sorted by: its place, a fact, or a value by its name. */
export type GroupColumn =
  'place' | 'job' | 'status' | 'seconds' | 'error' | `p:${string}` | `r:${string}`;

/** The runs of one group, to be compared. */
export class GroupModel extends TableModel<IGroupRow, GroupColumn> {
  constructor(
    { client, feed }: IGroupsOptions,
    readonly id: string
  ) {
    super({ feed, interval: POLL_INTERVAL, sort: 'place' });
    this._client = client;
  }

  get table(): IGroupTable | null {
    return this._table;
  }

  /** The rows as they are sorted; what has no value comes last. */
  get rows(): readonly IGroupRow[] {
    return this.sorted(sortedBy(this._table?.rows ?? [], row => row.place ?? 0, false));
  }

  protected get loaded(): boolean {
    return this._table !== null;
  }

  protected isAbout({ group }: IRun): boolean {
    return group === this.id;
  }

  protected sortValue(row: IGroupRow, column: GroupColumn): Sortable {
    const value = column.startsWith('p:')
      ? row.parameters[column.slice(2)]
      : column.startsWith('r:')
        ? row.recorded[column.slice(2)]
        : row[column as 'place' | 'job' | 'status' | 'seconds' | 'error'];
    return sortable(value);
  }

  protected fetch(): Promise<void> {
    return this.telling(async () => {
      this._table = await this._client.table(this.id);
    });
  }

  private readonly _client: GroupsClient;
  private _table: IGroupTable | null = null;
}
