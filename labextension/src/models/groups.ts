import type { IListing } from '../client/connection';
import type { GroupsClient, IGroup, IGroupRow, IGroupTable } from '../client/groups';
import type { IRun } from '../client/runs';
import type { Sortable } from './compare';
import { sortable, sortedBy } from './compare';
import type { Feed } from './feed';
import { ListModel } from './list';
import { PolledModel } from './polled';
import { Throttler } from '@lumino/polling';

const PAGE = 30;
const POLL_INTERVAL = 30_000;

export interface IGroupsOptions {
  client: GroupsClient;
  feed: Feed;
}

/** The groups of runs, newest first, as many as were asked for; kept up to date. */
export class GroupsModel extends ListModel<IGroup> {
  constructor({ client, feed }: IGroupsOptions) {
    super({ page: PAGE });
    this._client = client;
    feed.runChanged.connect((_, run) => {
      if (run.group) {
        this.soon();
      }
    });
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

  private readonly _client: GroupsClient;
  private _job: string | undefined;
}

/** A column that the table can be sorted by: its place, a fact, or a value by its name. */
export type GroupColumn =
  'place' | 'job' | 'status' | 'seconds' | 'error' | `p:${string}` | `r:${string}`;

/** The runs of one group, to be compared. */
export class GroupModel extends PolledModel {
  constructor(
    { client, feed }: IGroupsOptions,
    readonly id: string
  ) {
    super(POLL_INTERVAL);
    this._client = client;
    this._soon = new Throttler(() => this.refresh(), { limit: 500, edge: 'trailing' });
    this._onRun = (_, run) => {
      if (run.group === id && !this.isDisposed) {
        void this._soon.invoke();
      }
    };
    this._feed = feed;
    feed.runChanged.connect(this._onRun);
  }

  get table(): IGroupTable | null {
    return this._table;
  }

  get sort(): GroupColumn {
    return this._sort;
  }

  get descending(): boolean {
    return this._descending;
  }

  /** The rows as they are sorted; what has no value comes last. */
  get rows(): readonly IGroupRow[] {
    const rows = sortedBy(this._table?.rows ?? [], row => row.place ?? 0, false);
    return sortedBy(rows, row => valueOf(row, this._sort), this._descending);
  }

  override dispose(): void {
    this._feed.runChanged.disconnect(this._onRun);
    this._soon.dispose();
    super.dispose();
  }

  /** Sort by a column; by the same one again the other way round. */
  sortBy(column: GroupColumn): void {
    this._descending = column === this._sort && !this._descending;
    this._sort = column;
    this.emitChanged();
  }

  protected get loaded(): boolean {
    return this._table !== null;
  }

  protected async fetch(): Promise<void> {
    try {
      const table = await this._client.table(this.id);
      if (!this.isDisposed) {
        this._table = table;
        this.setError(null);
      }
    } catch (error) {
      this.setError(error);
      throw error;
    } finally {
      this.emitChanged();
    }
  }

  private readonly _client: GroupsClient;
  private readonly _feed: Feed;
  private readonly _soon: Throttler;
  private readonly _onRun: (feed: Feed, run: IRun) => void;
  private _table: IGroupTable | null = null;
  private _sort: GroupColumn = 'place';
  private _descending = false;
}

function valueOf(row: IGroupRow, column: GroupColumn): Sortable {
  const value = column.startsWith('p:')
    ? row.parameters[column.slice(2)]
    : column.startsWith('r:')
      ? row.recorded[column.slice(2)]
      : row[column as 'place' | 'job' | 'status' | 'seconds' | 'error'];
  return sortable(value);
}
