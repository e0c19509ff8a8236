import type { INotebookContent } from '@jupyterlab/nbformat';

import type { Connection, IListing } from './connection';
import type { IObject, StoreName } from './objects';

/** Which of an object's revisions; all, the newest first, by default. */
export interface IRevisionQuery {
  offset?: number;
  limit?: number;
}

export class RevisionsClient {
  constructor(private readonly _connection: Connection) {}

  /** What an object was, newest first. */
  list(store: StoreName, name: string, query: IRevisionQuery = {}): Promise<IListing<IObject>> {
    return this._connection.request('GET', ['revisions', store, name], { ...query });
  }

  /** Make a new revision that is like an earlier one; answers the new one. */
  restore(store: StoreName, name: string, revision: number): Promise<IObject> {
    return this._connection.request('POST', ['revisions', store, name], {}, { restore: revision });
  }

  /** The notebook as it was at a revision. */
  content(store: StoreName, name: string, revision: number): Promise<INotebookContent> {
    return this._connection.request('GET', ['content', store, name], { revision });
  }
}
