import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Throttler } from '@lumino/polling';

import type { IReport, IReportOptions, ReportsClient } from '../client/reports';
import type { IRun } from '../client/runs';
import type { Target } from '../client/targets';
import type { Feed } from './feed';
import { PolledModel } from './polled';
import type { RunsModel } from './runs';

/** A report appears a little after its run; how long to look for it, should it not be told. */
const LOOKS = [1000, 4000, 10_000, 20_000];

/** What is published is told. What others take off its link is not. */
const INTERVAL = 600_000;

export interface IReportsOptions {
  client: ReportsClient;
  runs: RunsModel;
  feed: Feed;
}

/** Which jobs are published, and where. */
export class ReportsModel extends PolledModel {
  constructor(options: IReportsOptions) {
    super(INTERVAL);
    this._client = options.client;
    this._soon = new Throttler(() => this.refresh(), { limit: 200, edge: 'trailing' });
    options.runs.ended.connect(this._onEnded, this);
    options.feed.reportChanged.connect(() => void this._soon.invoke(), this);
  }

  override dispose(): void {
    this._soon.dispose();
    super.dispose();
  }

  /** A run that was to publish its result has done so. */
  get published(): ISignal<this, IReport> {
    return this._published;
  }

  /** The report of a job, as far as is known. */
  ofJob(job: string): IReport | null {
    return this._items.find(report => report.job === job) ?? null;
  }

  /** Whether a job has a report, as far as is known: it may until the server has answered. */
  mayHave(job: string): boolean {
    return !this._loaded || this.ofJob(job) !== null;
  }

  /** Ask the server for the report of the notebook at `path`. */
  async atPath(path: string): Promise<IReport | null> {
    const { items } = await this._client.list({ path });
    items.forEach(report => this._remember(report));
    return items[0] ?? null;
  }

  async publish(target: Target, options: IReportOptions): Promise<IReport> {
    return this._remember(await this._client.publish(target, options));
  }

  /** Take a report from behind its link. */
  async unpublish(name: string): Promise<void> {
    await this._client.unpublish(name);
    this._items = this._items.filter(report => report.name !== name);
    this.emitChanged();
  }

  protected get loaded(): boolean {
    return this._loaded;
  }

  protected async fetch(): Promise<void> {
    try {
      this._items = (await this._client.list()).items;
      this._loaded = true;
      this.setError(null);
      this._tellPublished();
    } catch (error) {
      this.setError(error);
      throw error;
    } finally {
      this.emitChanged();
    }
  }

  private _remember(report: IReport): IReport {
    this._items = [report, ...this._items.filter(item => item.name !== report.name)];
    this.emitChanged();
    return report;
  }

  private _onEnded(_: RunsModel, run: IRun): void {
    if (run.publish && run.status === 'succeeded') {
      this._awaited.set(run.id, run.job_now);
      void this._lookFor(run);
    }
  }

  private _tellPublished(): void {
    for (const [run, job] of this._awaited) {
      const report = this.ofJob(job);
      if (report?.run === run) {
        this._awaited.delete(run);
        this._published.emit(report);
      }
    }
  }

  private async _lookFor(run: IRun): Promise<void> {
    for (const pause of LOOKS) {
      await new Promise(resolve => setTimeout(resolve, pause));
      if (this.isDisposed || !this._awaited.has(run.id)) {
        return;
      }
      await this.refresh();
    }
    this._awaited.delete(run.id);
  }

  private readonly _client: ReportsClient;
  private readonly _published = new Signal<this, IReport>(this);
  private readonly _soon: Throttler;
  /** Runs that are to publish their result, with their jobs. */
  private readonly _awaited = new Map<string, string>();
  private _items: IReport[] = [];
  private _loaded = false;
}
