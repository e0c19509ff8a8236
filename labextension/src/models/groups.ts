import type { IListing } from '../client/connection';
import type { GroupsClient, IGroup, IGroupRow, IGroupTable } from '../client/groups';
import type { IRun } from '../client/runs';
import type { Sortable } from './compare';
import { sortable, sortedBy } from './compare';
import type { Feed } from './feed';
import { ListModel } from './list';
import { TableModel } from './table';

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
