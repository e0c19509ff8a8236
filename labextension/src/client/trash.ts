import type { Connection, IListing } from './connection';
import type { IObject, StoreName } from './objects';

/** What was dropped, by the name that it had; `id` tells it from others of that name. */
export interface IDropped {
  id: string;
  name: string;
  kind: string;
  size: number;
  revision: number;
  /** When it was dropped, ISO 8601. */
  dropped: string;
  dropped_by: string;
  /** Where Jupyter's contents showed it. */
  path: string | null;
}

/** The trash of a store; of the jobs also that of another bucket which is shown. */
export interface ITrashPlace {
  store: StoreName;
  bucket?: string;
}

export interface ITrashQuery {
  offset?: number;
  limit?: number;
}

export class TrashClient {
  constructor(private readonly _connection: Connection) {}

  /** What was dropped last comes first. */
  list({ store, bucket }: ITrashPlace, query: ITrashQuery = {}): Promise<IListing<IDropped>> {
    return this._connection.request('GET', ['trash', store], { ...query, bucket });
  }

  /**
   * Put it back with all its revisions, under another `name` where one is given.
   *
   * @throws ApiError with status 409 when the name is taken.
   */
  restore({ store, bucket }: ITrashPlace, id: string, name?: string): Promise<IObject> {
    const body = name ? { id, name } : { id };
    return this._connection.request('POST', ['trash', store], { bucket }, body);
  }
}
