import { Throttler } from '@lumino/polling';

import type { IRun } from '../client/runs';
import type { Sortable } from './compare';
import { sortedBy } from './compare';
import type { Feed } from './feed';
import { PolledModel } from './polled';

export interface ITableOptions<C extends string> {
  feed: Feed;
  /** How often the server is asked when nothing is pushed, in milliseconds. */
  interval: number;
  /** What it is sorted by at first. */
  sort: C;
  descending?: boolean;
}

/** Runs below each other, sorted by a column; news of one of them asks the server again. */
export abstract class TableModel<Row, C extends string> extends PolledModel {
  constructor({ feed, interval, sort, descending = false }: ITableOptions<C>) {
    super(interval);
    this._sort = sort;
    this._descending = descending;
    this._soon = new Throttler(() => this.refresh(), { limit: 500, edge: 'trailing' });
    this._onRun = (_, run) => {
      if (!this.isDisposed && this.isAbout(run)) {
        void this._soon.invoke();
      }
    };
    this._feed = feed;
    feed.runChanged.connect(this._onRun);
  }

  get sort(): C {
    return this._sort;
  }

  get descending(): boolean {
    return this._descending;
  }

  override dispose(): void {
    this._feed.runChanged.disconnect(this._onRun);
    this._soon.dispose();
    super.dispose();
  }

  /** Sort by a column; by the same one again the other way round. */
  sortBy(column: C): void {
    this._descending = column === this._sort && !this._descending;
    this._sort = column;
    this.emitChanged();
  }

  /** Whether a run is one of these. */
  protected abstract isAbout(run: IRun): boolean;

  /** What a row is sorted by. */
  protected abstract sortValue(row: Row, column: C): Sortable;

  protected sorted(rows: readonly Row[]): Row[] {
    return sortedBy(rows, row => this.sortValue(row, this._sort), this._descending);
  }

  /** Ask the server, and tell how that went. */
  protected async telling(ask: () => Promise<void>): Promise<void> {
    try {
      await ask();
      this.setError(null);
    } catch (error) {
      this.setError(error);
      throw error;
    } finally {
      this.emitChanged();
    }
  }

  private readonly _feed: Feed;
  private readonly _soon: Throttler;
  private readonly _onRun: (feed: Feed, run: IRun) => void;
  private _sort: C;
  private _descending: boolean;
}
