import type { Connection } from './connection';
import type { IObject, StoreName } from './objects';

export class TagsClient {
  constructor(private readonly _connection: Connection) {}

  /** Name a revision; a tag that was at another one moves. */
  put(store: StoreName, name: string, tag: string, revision: number): Promise<IObject> {
    return this._connection.request('PUT', ['tags', store, name], {}, { tag, revision });
  }

  async drop(store: StoreName, name: string, tag: string): Promise<void> {
    await this._connection.request<void>('DELETE', ['tags', store, name], { tag });
  }
}
