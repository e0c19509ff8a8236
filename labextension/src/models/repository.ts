import type { IDisposable } from '@lumino/disposable';
import { Poll, Throttler } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { messageOf } from '../client/connection';
import type { IObject, ObjectsClient, SortField, StoreName } from '../client/objects';
import type { Feed, IObjectChange } from './feed';

export const PAGE = 100;

const POLL_INTERVAL = 60_000;

export interface IRepositoryOptions {
  client: ObjectsClient;
  feed: Feed;
}

/** One folder of one store, as it is looked at: sorted, searched, page by page. */
export class RepositoryModel implements IDisposable {
  constructor(options: IRepositoryOptions) {
    this._client = options.client;
    this._feed = options.feed;
    this._feed.objectChanged.connect(this._onObject, this);
    // A notebook that is being run changes many times a second.
    this._soon = new Throttler(() => this.refresh(), { limit: 500, edge: 'trailing' });
    this._poll = new Poll({
      auto: false,
      factory: () => this._fetch(),
      frequency: { interval: POLL_INTERVAL, backoff: true, max: POLL_INTERVAL },
      // A page may load before it is seen: its first answer does not wait for that.
      standby: () => (this._loaded ? 'when-hidden' : 'never')
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
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

  get items(): readonly IObject[] {
    return this._items;
  }

  /** How many there are, shown or not. */
  get total(): number {
    return this._total;
  }

  /** The object whose details are shown. */
  get selected(): IObject | null {
    return this._items.find(item => item.name === this._selected) ?? null;
  }

  get loading(): boolean {
    return !this._loaded && this._error === null;
  }

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
      this._feed.objectChanged.disconnect(this._onObject, this);
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

  async more(): Promise<void> {
    this._limit = this._items.length + PAGE;
    await this.refresh();
  }

  /** Look at another place. */
  async open(store: StoreName, folder = ''): Promise<void> {
    this._store = store;
    this._folder = folder;
    this._search = '';
    await this._anew();
  }

  async setSearch(text: string): Promise<void> {
    if (text !== this._search) {
      this._search = text;
      await this._anew();
    }
  }

  /** Sort by a field; by the same one again turns the order round. */
  async setSort(field: SortField): Promise<void> {
    // Newest and largest are what one looks for first.
    const first = field === 'modified' || field === 'size';
    this._descending = field === this._sort ? !this._descending : first;
    this._sort = field;
    await this._anew();
  }

  select(name: string | null): void {
    this._selected = name;
    this._changed.emit();
  }

  async drop(object: IObject): Promise<void> {
    await this._client.drop(object.store, object.name, object.kind === 'folder');
    await this.refresh();
  }

  private async _anew(): Promise<void> {
    this._items = [];
    this._total = 0;
    this._limit = PAGE;
    this._loaded = false;
    this._selected = null;
    this._error = null;
    // What was asked before is of another place.
    this._answered = this._asked;
    this._changed.emit();
    await this.refresh();
  }

  private async _fetch(): Promise<void> {
    const asked = ++this._asked;
    try {
      const page = await this._client.list(this._store, {
        folder: this._folder,
        search: this._search || undefined,
        recursive: this._search !== '',
        sort: this._sort,
        descending: this._descending,
        limit: this._limit
      });
      if (asked > this._answered && !this._isDisposed) {
        this._answered = asked;
        this._items = page.items;
        this._total = page.total;
        this._loaded = true;
        this._error = null;
        this._changed.emit();
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

  private _onObject(_: Feed, change: IObjectChange): void {
    const names = [change.name, change.previous ?? change.name];
    if (change.store === this._store && names.some(name => this._concerns(name))) {
      void this._soon.invoke();
    }
  }

  /** Whether what has this name is here, or is where we are. */
  private _concerns(name: string): boolean {
    return this._folder === '' || `${name}/`.startsWith(`${this._folder}/`);
  }

  private readonly _client: ObjectsClient;
  private readonly _feed: Feed;
  private readonly _poll: Poll;
  private readonly _soon: Throttler;
  private readonly _changed = new Signal<this, void>(this);
  private _store: StoreName = 'jobs';
  private _folder = '';
  private _search = '';
  private _sort: SortField = 'name';
  private _descending = false;
  private _items: IObject[] = [];
  private _total = 0;
  private _limit = PAGE;
  private _selected: string | null = null;
  private _loaded = false;
  private _error: string | null = null;
  private _asked = 0;
  // Only older answers are dropped: were all but the last, steady changes would show nothing.
  private _answered = 0;
  private _isDisposed = false;
}
