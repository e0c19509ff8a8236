import { ApiError } from '../client/connection';
import type {
  ExperimentsClient,
  IComparedRun,
  IComparison,
  IValue,
  MetricValue
} from '../client/experiments';
import type { IRun } from '../client/runs';
import type { Sortable } from './compare';
import { sortable } from './compare';
import type { IExperimentsOptions } from './experiments';
import { TableModel } from './table';

const PAGE = 100;
const MOST_RUNS = 10_000;
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
export class ExperimentModel extends TableModel<IComparedRun, RunColumn> {
  constructor(
    { client, feed }: IExperimentsOptions,
    readonly name: string
  ) {
    super({ feed, interval: POLL_INTERVAL, sort: 'started_at', descending: true });
    this._client = client;
  }

  get comparison(): IComparison | null {
    return this._comparison;
  }

  /** Whether there is none of this name: it was forgotten, or nothing was logged to it yet. */
  get missing(): boolean {
    return this._missing;
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

  /** The runs that are shown: the first ones, as all of them are sorted. */
  get rows(): readonly IComparedRun[] {
    return this.sorted(this.narrowed ? this.compared : this._all).slice(0, this._shown);
  }

  /** How many there are to be shown. */
  get total(): number {
    return this.narrowed ? this.compared.length : this._all.length;
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
    const values = this.compared.map(row => JSON.stringify(this.sortValue(row, column)));
    return new Set(values).size > 1;
  }

  /** Draw the course of a metric. */
  async draw(metric: string): Promise<void> {
    this._metric = metric;
    this._chosen = true;
    this._points = new Map();
    this.emitChanged();
    await this.refresh();
  }

  /** Show more runs. */
  more(): void {
    this._shown += PAGE;
    this.emitChanged();
  }

  protected get loaded(): boolean {
    return this._comparison !== null || this._missing;
  }

  /** Whether another run is part of this, its news does not tell: the poll finds it. */
  protected isAbout({ id }: IRun): boolean {
    return this._all.some(({ run }) => run === id);
  }

  protected sortValue(row: IComparedRun, column: RunColumn): Sortable {
    if (column.startsWith('p:')) {
      return sortable(row.parameters[column.slice(2)]);
    }
    if (column.startsWith('m:')) {
      return numberOf(row.metrics[column.slice(2)]);
    }
    return row[column as 'started_at' | 'job' | 'status' | 'duration' | 'owner'];
  }

  protected fetch(): Promise<void> {
    return this.telling(async () => {
      // All of them: what is best is not to be found among the newest ones only.
      this._comparison = await this._asked();
      if (!this._chosen && !hasCourse(this._all, this._metric)) {
        this._metric = firstMetric(this._all);
      }
      const metric = this._metric;
      const drawn = metric === null ? [] : this.drawn;
      const answers = await Promise.all(
        drawn.map(({ run }) => this._client.values(this.name, metric ?? '', run))
      );
      // Another metric may have been chosen while this one was asked for.
      if (this._metric === metric) {
        this._points = new Map(
          drawn.map(({ run }, index) => [run, pointsOf(answers[index].items)])
        );
      }
    });
  }

  private async _asked(): Promise<IComparison | null> {
    try {
      const comparison = await this._client.get(this.name, { limit: MOST_RUNS });
      this._missing = false;
      return comparison;
    } catch (error) {
      if (error instanceof ApiError && error.type === 'ExperimentNotFoundError') {
        this._missing = true;
        return null;
      }
      throw error;
    }
  }

  private get _all(): readonly IComparedRun[] {
    return this._comparison?.items ?? [];
  }

  private readonly _client: ExperimentsClient;
  private readonly _picked = new Set<string>();
  private _comparison: IComparison | null = null;
  private _points: ReadonlyMap<string, ILine['points']> = new Map();
  private _metric: string | null = null;
  private _chosen = false;
  private _missing = false;
  private _narrowed = false;
  private _shown = PAGE;
}

/** Whether any run has logged a metric more than once. */
function hasCourse(runs: readonly IComparedRun[], metric: string | null): boolean {
  return metric !== null && runs.some(({ logged }) => (logged[metric] ?? 0) > 1);
}

/** What is drawn at first: the newest metric that has a course, else any. */
function firstMetric(runs: readonly IComparedRun[]): string | null {
  const names = runs.flatMap(({ metrics }) => Object.keys(metrics));
  return names.find(name => hasCourse(runs, name)) ?? names[0] ?? null;
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
