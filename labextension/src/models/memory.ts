/** Remembers ids, as a Set does. */
export interface IMemory {
  add(id: string): unknown;
  has(id: string): boolean;
}

/** How many ids are worth remembering: who started more than that knows without being told. */
const MOST = 200;

/** Remembers ids for as long as a browser tab lives, reloads included. */
export class TabMemory implements IMemory {
  constructor(
    private readonly _key: string,
    private readonly _storage: Storage
  ) {}

  add(id: string): void {
    const ids = [...this._read().filter(known => known !== id), id].slice(-MOST);
    try {
      this._storage.setItem(this._key, JSON.stringify(ids));
    } catch {
      // The storage is full or forbidden: a notification less is no harm.
    }
  }

  has(id: string): boolean {
    return this._read().includes(id);
  }

  private _read(): string[] {
    try {
      const ids: unknown = JSON.parse(this._storage.getItem(this._key) ?? '[]');
      return Array.isArray(ids) ? ids.map(String) : [];
    } catch {
      return [];
    }
  }
}
