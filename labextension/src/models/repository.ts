import type { IListing } from '../client/connection';
import type { IObject, ObjectsClient, SortField, StoreName } from '../client/objects';
import type { Feed, IObjectChange } from './feed';
import { ListModel } from './list';

const PAGE = 100;

export interface IRepositoryOptions {
  client: ObjectsClient;
  feed: Feed;
}

/** One folder of one store, as it is looked at: sorted, searched, page by page. */
export class RepositoryModel extends ListModel<IObject> {
  constructor(options: IRepositoryOptions) {
    super({ page: PAGE });
    this._client = options.client;
    options.feed.objectChanged.connect(this._onObject, this);
  }

  get store(): StoreName {
    return this._store;
  }

  /** The folder looked at, "" at the top. */
  get folder(): string {
    return this._folder;
  }

  /** What is searched for, in the folder and all below it; "" when nothing is. */
  get search(): string {
    return this._search;
  }

  get sort(): SortField {
    return this._sort;
  }

  get descending(): boolean {
    return this._descending;
  }

  /** The object whose details are shown. */
  get selected(): IObject | null {
    return this.items.find(item => item.name === this._selected) ?? null;
  }

  /** Look at another place. */
  async open(store: StoreName, folder = ''): Promise<void> {
    this._store = store;
    this._folder = folder;
    this._search = '';
    await this._look();
  }

  async setSearch(text: string): Promise<void> {
    if (text !== this._search) {
      this._search = text;
      await this._look();
    }
  }

  /** Sort by a field; by the same one again turns the order round. */
  async setSort(field: SortField): Promise<void> {
    // Newest and largest are what one looks for first.
    const first = field === 'modified' || field === 'size';
    this._descending = field === this._sort ? !this._descending : first;
    this._sort = field;
    await this._look();
  }

  select(name: string | null): void {
    this._selected = name;
    this.emitChanged();
  }

  async drop(object: IObject): Promise<void> {
    await this._client.drop(object.store, object.name, object.kind === 'folder');
    await this.refresh();
  }

  protected ask(limit: number): Promise<IListing<IObject>> {
    return this._client.list(this._store, {
      folder: this._folder,
      search: this._search || undefined,
      recursive: this._search !== '',
      sort: this._sort,
      descending: this._descending,
      limit
    });
  }

  private async _look(): Promise<void> {
    this._selected = null;
    await this.anew();
  }

  private _onObject(_: Feed, change: IObjectChange): void {
    const names = [change.name, change.previous ?? change.name];
    const here = change.store === this._store && change.bucket === undefined;
    if (here && names.some(name => this._concerns(name))) {
      this.soon();
    }
  }

  /** Whether what has this name is here, or is where we are. */
  private _concerns(name: string): boolean {
    return this._folder === '' || `${name}/`.startsWith(`${this._folder}/`);
  }

  private readonly _client: ObjectsClient;
  private _store: StoreName = 'jobs';
  private _folder = '';
  private _search = '';
  private _sort: SortField = 'name';
  private _descending = false;
  private _selected: string | null = null;
}
