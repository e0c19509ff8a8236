import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { Connection, IListing } from './connection';

export type StoreName = 'datasets' | 'models' | 'jobs' | 'scripts';

export const STORES: readonly StoreName[] = ['datasets', 'models', 'jobs', 'scripts'];

export type SortField = 'name' | 'modified' | 'size' | 'kind';

/** What is known about an object; `path` is its path in Jupyter's contents, for jobs. */
export interface IObject {
  store: StoreName;
  name: string;
  kind: string;
  revision: number;
  created: string;
  modified: string;
  bucket: string;
  owner: string;
  size: number;
  hash: string | null;
  attributes: ReadonlyJSONObject;
  /** The id of the run that wrote it. */
  run: string | null;
  /** What it is a copy of. */
  origin: IReference | null;
  /** The names that were given to this revision. */
  tags: string[];
  path: string | null;
}

/** Where an object is; `bucket` is another one than the user's own. */
export interface IPlace {
  store: StoreName;
  name: string;
  bucket?: string;
}

/** One revision of an object; `repository` is the address of another repository, or null. */
export interface IReference {
  store: StoreName;
  name: string;
  revision: number;
  bucket: string;
  id: string;
  repository: string | null;
}

export interface IObjectQuery {
  folder?: string;
  search?: string;
  recursive?: boolean;
  sort?: SortField;
  descending?: boolean;
  offset?: number;
  limit?: number;
}

export function isFolder(object: IObject): boolean {
  return object.kind === 'folder';
}

export class ObjectsClient {
  constructor(private readonly _connection: Connection) {}

  /** What is in a folder; folders come first. */
  list(store: StoreName, query: IObjectQuery = {}): Promise<IListing<IObject>> {
    return this._connection.request('GET', ['objects', store], { ...query });
  }

  get(store: StoreName, name: string, bucket?: string): Promise<IObject> {
    return this._connection.request('GET', ['objects', store, name], { bucket });
  }

  /** Drop an object; a folder that is not empty needs `recursive`. */
  async drop(store: StoreName, name: string, recursive = false): Promise<void> {
    await this._connection.request<void>('DELETE', ['objects', store, name], {
      recursive: recursive || undefined
    });
  }
}
