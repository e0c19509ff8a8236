import { Throttler } from '@lumino/polling';

import type { IListing } from '../client/connection';
import { PolledModel } from './polled';

const POLL_INTERVAL = 60_000;

export interface IListOptions {
  /** How many entries a page has. */
  page: number;
}

/** A listing of the server, as many pages of it as were asked for; kept up to date. */
export abstract class ListModel<T> extends PolledModel {
  constructor({ page }: IListOptions) {
    super(POLL_INTERVAL);
    this._page = page;
    this._limit = page;
    // What changes many times a second is not asked for as often.
    this._soon = new Throttler(() => this.refresh(), { limit: 500, edge: 'trailing' });
  }

  get items(): readonly T[] {
    return this._items;
  }

  /** How many there are, shown or not. */
  get total(): number {
    return this._total;
  }

  override dispose(): void {
    this._soon.dispose();
    super.dispose();
  }

  /** Show one page more. */
  async more(): Promise<void> {
    this._limit = this._items.length + this._page;
    await this.refresh();
  }

  /** Ask the server for the first `limit` entries. */
  protected abstract ask(limit: number): Promise<IListing<T>>;

  /** Show an answer. */
  protected take({ items, total }: IListing<T>): void {
    this.show(items, total);
  }

  /** Learn what an answer that is shown already leaves open. */
  protected async follow(_: readonly T[]): Promise<void> {
    // Most leave nothing open.
  }

  protected show(items: readonly T[], total = this._total): void {
    this._items = items;
    this._total = total;
  }

  protected get loaded(): boolean {
    return this._loaded;
  }

  /** Whether a question that still counts is not answered yet. */
  protected get waiting(): boolean {
    return this._answered < this._asked;
  }

  /** Ask in a moment: something has changed. */
  protected soon(): void {
    if (!this.isDisposed) {
      void this._soon.invoke();
    }
  }

  /** An answer that is on its way does not count any more. */
  protected outdate(): void {
    this._answered = this._asked;
  }

  /** Show the first page of something else; what is shown stays until the answer. */
  protected async restart(): Promise<void> {
    this._limit = this._page;
    this.outdate();
    this.emitChanged();
    await this.refresh();
  }

  /** The same, and what is shown goes at once: it is of another place. */
  protected async anew(): Promise<void> {
    this._items = [];
    this._total = 0;
    this._loaded = false;
    this.setError(null);
    await this.restart();
  }

  protected async fetch(): Promise<void> {
    const asked = ++this._asked;
    let taken = false;
    try {
      const page = await this.ask(this._limit);
      // Only older answers are dropped: were all but the last, steady changes would show nothing.
      if (asked > this._answered && !this.isDisposed) {
        taken = true;
        this._answered = asked;
        this._loaded = true;
        this.setError(null);
        this.take(page);
        this.emitChanged();
        await this.follow(page.items);
      }
    } catch (error) {
      if (taken || asked > this._answered) {
        this._answered = Math.max(asked, this._answered);
        this.setError(error);
        this.emitChanged();
      }
      throw error;
    }
  }

  private readonly _page: number;
  private readonly _soon: Throttler;
  private _items: readonly T[] = [];
  private _total = 0;
  private _limit: number;
  private _loaded = false;
  private _asked = 0;
  private _answered = 0;
}
