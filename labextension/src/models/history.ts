import type { INotebookContent } from '@jupyterlab/nbformat';

import type { IListing } from '../client/connection';
import type { IObject, IPlace, StoreName } from '../client/objects';
import type { RevisionsClient } from '../client/revisions';
import type { TagsClient } from '../client/tags';
import type { Feed, IObjectChange } from './feed';
import type { FileContent } from './filecontent';
import { isShown, LARGE, readFile } from './filecontent';
import { ListModel } from './list';

const PAGE = 50;

/** So many contents are kept in memory: they may be large. */
const KEPT = 4;

/** What revisions can be sorted by. */
export type RevisionSort = 'revision' | 'modified' | 'owner' | 'size';

export interface IHistoryOptions {
  client: { revisions: RevisionsClient; tags: TagsClient };
  feed: Feed;
  store: StoreName;
  name: string;
  /** Another bucket than the user's own. */
  bucket?: string;
  /** Whether it may be changed here; it may by default. */
  writable?: boolean;
}

/** What an object was: its revisions, which of them is looked at, and with which it is compared. */
export class HistoryModel extends ListModel<IObject> {
  constructor(options: IHistoryOptions) {
    super({ page: PAGE });
    this._client = options.client;
    this.store = options.store;
    this.bucket = options.bucket;
    this.writable = options.writable ?? true;
    this._name = options.name;
    options.feed.objectChanged.connect(this._onObject, this);
  }

  readonly store: StoreName;
  readonly bucket: string | undefined;
  readonly writable: boolean;

  /** Where the object is. */
  get place(): IPlace {
    return { store: this.store, name: this._name, bucket: this.bucket };
  }

  /** The name of the object; it follows when that is renamed. */
  get name(): string {
    return this._name;
  }

  /** How the revisions are sorted that are shown: other pages are older ones. */
  get sort(): RevisionSort {
    return this._sort;
  }

  get descending(): boolean {
    return this._descending;
  }

  /** The revisions as they are sorted. */
  get sorted(): readonly IObject[] {
    const sign = this._descending ? -1 : 1;
    return [...this.items].sort((a, b) => sign * order(a, b, this._sort));
  }

  /** The state of the object as it is now, null while nothing is known. */
  get newest(): IObject | null {
    return this.items[0] ?? null;
  }

  /** The revision that is looked at. */
  get selected(): IObject | null {
    return this._find(this._selected) ?? this.newest;
  }

  /** The revision that it is compared with, null while it is looked at alone. */
  get base(): IObject | null {
    return this._base === this.selected?.revision ? null : this._find(this._base);
  }

  setSort(sort: RevisionSort): void {
    this._descending = sort === this._sort ? !this._descending : sort !== 'owner';
    this._sort = sort;
    this.emitChanged();
  }

  /** Look at a revision. */
  select(revision: number): void {
    this._selected = revision;
    this.emitChanged();
  }

  /** Compare the one that is looked at with another revision; null looks at it alone. */
  compare(revision: number | null): void {
    this._base = revision;
    this.emitChanged();
  }

  /** The notebook as it was at a revision, which never changes. */
  content(revision: number): Promise<INotebookContent> {
    let content = this._contents.get(revision);
    if (!content) {
      content = this._client.revisions.content(this.place, revision);
      keep(this._contents, revision, content);
    }
    return content;
  }

  /** A file as it was at a revision, or a notebook as the text that it is kept as. */
  file({ revision, size, name }: IObject): Promise<FileContent> {
    if (!isShown(name, size)) {
      return Promise.resolve(LARGE);
    }
    let file = this._files.get(revision);
    if (!file) {
      file = this._client.revisions
        .bytes(this.place, revision)
        .then(bytes => readFile(name, bytes));
      keep(this._files, revision, file);
    }
    return file;
  }

  /** Where the browser downloads a revision. */
  url(revision: number): string {
    return this._client.revisions.url(this.place, revision);
  }

  /** Make the object what it was at a revision; answers the new revision. */
  async restore(revision: number): Promise<IObject> {
    const restored = await this._client.revisions.restore(this.place, revision);
    this._selected = null;
    this._base = null;
    await this.refresh();
    return restored;
  }

  async tag(tag: string, revision: number): Promise<void> {
    await this._client.tags.put(this.place, tag, revision);
    await this.refresh();
  }

  async untag(tag: string): Promise<void> {
    await this._client.tags.drop(this.place, tag);
    await this.refresh();
  }

  protected ask(limit: number): Promise<IListing<IObject>> {
    return this._client.revisions.list(this.place, { limit });
  }

  private _onObject(_: Feed, { store, name, bucket, change, previous }: IObjectChange): void {
    if (store !== this.store || bucket !== this.bucket) {
      return;
    }
    if (change === 'renamed' && previous !== undefined && isAt(this._name, previous)) {
      this._name = name + this._name.slice(previous.length);
      this.emitChanged();
      this.soon();
    } else if (isAt(this._name, name)) {
      this.soon();
    }
  }

  private _find(revision: number | null): IObject | null {
    return this.items.find(item => item.revision === revision) ?? null;
  }

  private readonly _client: IHistoryOptions['client'];
  private readonly _contents = new Map<number, Promise<INotebookContent>>();
  private readonly _files = new Map<number, Promise<FileContent>>();
  private _name: string;
  private _sort: RevisionSort = 'revision';
  private _descending = true;
  private _selected: number | null = null;
  private _base: number | null = null;
}

/** Keep what was asked for, and no more than a few. */
function keep<T>(kept: Map<number, Promise<T>>, revision: number, content: Promise<T>): void {
  kept.set(revision, content);
  const [oldest] = kept.keys();
  if (kept.size > KEPT) {
    kept.delete(oldest);
  }
  // A failure may pass: the next one who asks, asks the server.
  content.catch(() => kept.delete(revision));
}

/** Whether `name` is `place`, or is below it. */
export function isAt(name: string, place: string): boolean {
  return `${name}/`.startsWith(`${place}/`);
}

function order(a: IObject, b: IObject, sort: RevisionSort): number {
  switch (sort) {
    case 'modified':
      return Date.parse(a.modified) - Date.parse(b.modified) || a.revision - b.revision;
    case 'owner':
      return a.owner.localeCompare(b.owner) || a.revision - b.revision;
    case 'size':
      return a.size - b.size || a.revision - b.revision;
    case 'revision':
      return a.revision - b.revision;
  }
}
