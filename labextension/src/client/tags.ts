import type { Connection } from './connection';
import type { IObject, IPlace } from './objects';

export class TagsClient {
  constructor(private readonly _connection: Connection) {}

  /** Name a revision; a tag that was at another one moves. */
  put({ store, name, bucket }: IPlace, tag: string, revision: number): Promise<IObject> {
    const body = { tag, revision };
    return this._connection.request('PUT', ['tags', store, name], { bucket }, body);
  }

  async drop({ store, name, bucket }: IPlace, tag: string): Promise<void> {
    await this._connection.request<void>('DELETE', ['tags', store, name], { tag, bucket });
  }
}
