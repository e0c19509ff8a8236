import type { INotebookContent } from '@jupyterlab/nbformat';

import type { Connection, IListing } from './connection';
import type { IObject, IPlace } from './objects';

/** Which of an object's revisions; all, the newest first, by default. */
export interface IRevisionQuery {
  offset?: number;
  limit?: number;
}

export class RevisionsClient {
  constructor(private readonly _connection: Connection) {}

  /** What an object was, newest first. */
  list({ store, name, bucket }: IPlace, query: IRevisionQuery = {}): Promise<IListing<IObject>> {
    return this._connection.request('GET', ['revisions', store, name], { ...query, bucket });
  }

  /** Make a new revision that is like an earlier one; answers the new one. */
  restore({ store, name, bucket }: IPlace, revision: number): Promise<IObject> {
    const body = { restore: revision };
    return this._connection.request('POST', ['revisions', store, name], { bucket }, body);
  }

  /** The notebook as it was at a revision. */
  content({ store, name, bucket }: IPlace, revision: number): Promise<INotebookContent> {
    return this._connection.request('GET', ['content', store, name], { revision, bucket });
  }

  /** The bytes of anything as they were at a revision. */
  bytes({ store, name, bucket }: IPlace, revision: number): Promise<ArrayBuffer> {
    return this._connection.bytes(['content', store, name], { revision, bucket });
  }

  /** Where the browser downloads them. */
  url({ store, name, bucket }: IPlace, revision: number): string {
    return this._connection.url(['content', store, name], { revision, bucket });
  }
}
