import { Throttler } from '@lumino/polling';

import type {
  ExperimentsClient,
  IComparedRun,
  IComparison,
  IValue,
  MetricValue
} from '../client/experiments';
import type { IRun } from '../client/runs';
import type { Sortable } from './compare';
import { sortable, sortedBy } from './compare';
import type { IExperimentsOptions } from './experiments';
import type { Feed } from './feed';
import { PolledModel } from './polled';

const PAGE = 100;
const POLL_INTERVAL = 15_000;
/** Lines that can be told from each other. */
export const MOST_LINES = 6;

/** A column that the runs can be sorted by: a fact, or a parameter or metric by its name. */
export type RunColumn =
  'started_at' | 'job' | 'status' | 'duration' | 'owner' | `p:${string}` | `m:${string}`;

/** What a run has logged of one metric. */
export interface ILine {
  run: IComparedRun;
  points: { step: number; value: number }[];
}

/** The runs of one experiment, to be sorted, picked and compared. */
export class ExperimentModel extends PolledModel {
  constructor(
    { client, feed }: IExperimentsOptions,
    readonly name: string
  ) {
    super(POLL_INTERVAL);
    this._client = client;
    this._feed = feed;
    this._soon = new Throttler(() => this.refresh(), { limit: 1000, edge: 'trailing' });
    this._onRun = (_, { id }) => {
      // Whether another one is part of this, its news does not tell: the poll finds it.
      if (this._comparison?.items.some(({ run }) => run === id)) {
        void this._soon.invoke();
      }
    };
    feed.runChanged.connect(this._onRun);
  }

  get comparison(): IComparison | null {
    return this._comparison;
  }

  get sort(): RunColumn {
    return this._sort;
  }

  get descending(): boolean {
    return this._descending;
  }

  /** The runs that are to be told from each other; none where there is nothing to compare. */
  get compared(): readonly IComparedRun[] {
    const picked = this._all.filter(({ run }) => this._picked.has(run));
    return picked.length > 1 ? picked : [];
  }

  /** Whether only the runs that were picked are shown. */
  get narrowed(): boolean {
    return this._narrowed && this.compared.length > 0;
  }

  /** The runs that are shown, as they are sorted. */
  get rows(): readonly IComparedRun[] {
    const rows = this.narrowed ? this.compared : this._all;
    return sortedBy(rows, row => valueOf(row, this._sort), this._descending);
  }

  /** The names of the parameters, and of the metrics, that any run has. */
  get columns(): { parameters: string[]; metrics: string[] } {
    const names = (of: (row: IComparedRun) => object): string[] => [
      ...new Set(this._all.flatMap(row => Object.keys(of(row))))
    ];
    return { parameters: names(row => row.parameters), metrics: names(row => row.metrics) };
  }

  /** The metric whose course is drawn. */
  get metric(): string | null {
    return this._metric;
  }

  /** What the runs that are drawn have logged of it. */
  get lines(): readonly ILine[] {
    return this.drawn
      .map(run => ({ run, points: this._points.get(run.run) ?? [] }))
      .filter(({ points }) => points.length > 1);
  }

  /** The runs whose course is drawn: the first of those that are compared, or the newest. */
  get drawn(): readonly IComparedRun[] {
    const looked = this.compared.length > 0 ? this.compared : this._all;
    return looked.filter(({ metrics }) => (this._metric ?? '') in metrics).slice(0, MOST_LINES);
  }

  override dispose(): void {
    this._feed.runChanged.disconnect(this._onRun);
    this._soon.dispose();
    super.dispose();
  }

  isPicked(run: string): boolean {
    return this._picked.has(run);
  }

  /** Pick a run to be compared, or put it back. */
  pick(run: string, picked: boolean): void {
    if (picked) {
      this._picked.add(run);
    } else {
      this._picked.delete(run);
    }
    this.emitChanged();
    if (this.drawn.some(each => !this._points.has(each.run))) {
      void this.refresh();
    }
  }

  narrow(narrowed: boolean): void {
    this._narrowed = narrowed;
    this.emitChanged();
  }

  /** Whether the runs that are compared differ in a parameter or metric. */
  differs(column: RunColumn): boolean {
    if (!/^[pm]:/.test(column)) {
      return false; // when they started, say, which is always another time
    }
    const values = this.compared.map(row => JSON.stringify(valueOf(row, column)));
    return new Set(values).size > 1;
  }

  /** Sort by a column; by the same one again the other way round. */
  sortBy(column: RunColumn): void {
    this._descending = column === this._sort && !this._descending;
    this._sort = column;
    this.emitChanged();
  }

  /** Draw the course of a metric. */
  async draw(metric: string): Promise<void> {
    this._metric = metric;
    this._points = new Map();
    this.emitChanged();
    await this.refresh();
  }

  /** Show more runs. */
  async more(): Promise<void> {
    this._limit += PAGE;
    await this.refresh();
  }

  protected get loaded(): boolean {
    return this._comparison !== null;
  }

  protected async fetch(): Promise<void> {
    try {
      this._comparison = await this._client.get(this.name, { limit: this._limit });
      this._metric ??= firstMetric(this._comparison);
      const metric = this._metric;
      const drawn = metric === null ? [] : this.drawn;
      const answers = await Promise.all(
        drawn.map(({ run }) => this._client.values(this.name, metric ?? '', run))
      );
      // Another metric may have been chosen while this one was asked for.
      if (!this.isDisposed && this._metric === metric) {
        this._points = new Map(
          drawn.map(({ run }, index) => [run, pointsOf(answers[index].items)])
        );
        this.setError(null);
      }
    } catch (error) {
      this.setError(error);
      throw error;
    } finally {
      this.emitChanged();
    }
  }

  private get _all(): readonly IComparedRun[] {
    return this._comparison?.items ?? [];
  }

  private readonly _client: ExperimentsClient;
  private readonly _feed: Feed;
  private readonly _soon: Throttler;
  private readonly _onRun: (feed: Feed, run: IRun) => void;
  private readonly _picked = new Set<string>();
  private _comparison: IComparison | null = null;
  private _points: ReadonlyMap<string, ILine['points']> = new Map();
  private _metric: string | null = null;
  private _narrowed = false;
  private _sort: RunColumn = 'started_at';
  private _descending = true;
  private _limit = PAGE;
}

function firstMetric({ items }: IComparison): string | null {
  return items.flatMap(({ metrics }) => Object.keys(metrics))[0] ?? null;
}

function valueOf(row: IComparedRun, column: RunColumn): Sortable {
  if (column.startsWith('p:')) {
    return sortable(row.parameters[column.slice(2)]);
  }
  if (column.startsWith('m:')) {
    return numberOf(row.metrics[column.slice(2)]);
  }
  return row[column as 'started_at' | 'job' | 'status' | 'duration' | 'owner'];
}

/** NaN is no value to sort by, and infinity is. */
function numberOf(value: MetricValue | undefined): number | null {
  const number = Number(value ?? 'NaN');
  return Number.isNaN(number) ? null : number;
}

/** Where a line goes through, by step; what is no number is left out. */
function pointsOf(values: readonly IValue[]): ILine['points'] {
  return values
    .filter(value => typeof value.value === 'number')
    .map(({ step, value }) => ({ step, value: value as number }))
    .sort((a, b) => a.step - b.step);
}
