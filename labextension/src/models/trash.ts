import type { IListing } from '../client/connection';
import type { IObject, StoreName } from '../client/objects';
import type { IDropped, ITrashPlace, TrashClient } from '../client/trash';
import type { Feed, IObjectChange } from './feed';
import { ListModel } from './list';

const PAGE = 30;

export interface ITrashOptions {
  client: TrashClient;
  feed: Feed;
}

/** What was dropped from a store and can be put back, newest first. */
export class TrashModel extends ListModel<IDropped> {
  constructor(options: ITrashOptions) {
    super({ page: PAGE });
    this._client = options.client;
    options.feed.objectChanged.connect(this._onObject, this);
  }

  get store(): StoreName {
    return this._store;
  }

  /** The bucket that is looked at, undefined for the user's own. */
  get bucket(): string | undefined {
    return this._bucket;
  }

  /** Look at what another store has dropped, or the jobs of another bucket. */
  async open(store: StoreName, bucket?: string): Promise<void> {
    this._store = store;
    this._bucket = bucket;
    await this.anew();
  }

  /**
   * Put it back with all its revisions, under another `name` where one is given.
   *
   * @throws ApiError with status 409 when the name is taken.
   */
  async restore(place: ITrashPlace, id: string, name?: string): Promise<IObject> {
    const object = await this._client.restore(place, id, name);
    await this.refresh();
    return object;
  }

  /** What was dropped last under a name, null when that is not in the trash. */
  async latest(store: StoreName, name: string): Promise<IDropped | null> {
    const { items } = await this._client.list({ store });
    return items.find(item => item.name === name) ?? null;
  }

  protected ask(limit: number): Promise<IListing<IDropped>> {
    return this._client.list({ store: this._store, bucket: this._bucket }, { limit });
  }

  private _onObject(_: Feed, { store, change, bucket }: IObjectChange): void {
    // What is put may have been in the trash.
    const here = store === this._store && bucket === this._bucket;
    if (here && (change === 'dropped' || change === 'put')) {
      this.soon();
    }
  }

  private readonly _client: TrashClient;
  private _store: StoreName = 'jobs';
  private _bucket: string | undefined;
}
