import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IReport, IReportOptions, ReportsClient } from '../client/reports';
import type { IRun, Target } from '../client/runs';
import { PolledModel } from './polled';
import type { RunsModel } from './runs';

/** A report appears a little after the end of its run: when to look for it, in milliseconds. */
const LOOKS = [300, 700, 1000, 2000, 4000, 8000, 15_000];

/** Others publish, too, and nobody tells of it. */
const INTERVAL = 60_000;

export interface IReportsOptions {
  client: ReportsClient;
  runs: RunsModel;
}

/** Which jobs are published, and where. */
export class ReportsModel extends PolledModel {
  constructor(options: IReportsOptions) {
    super(INTERVAL);
    this._client = options.client;
    options.runs.ended.connect(this._onEnded, this);
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
      void this._lookFor(run);
    }
  }

  private async _lookFor(run: IRun): Promise<void> {
    for (const pause of LOOKS) {
      await new Promise(resolve => setTimeout(resolve, pause));
      if (this.isDisposed) {
        return;
      }
      await this.refresh();
      const report = this.ofJob(run.job);
      if (report?.run === run.id) {
        this._published.emit(report);
        return;
      }
    }
  }

  private readonly _client: ReportsClient;
  private readonly _published = new Signal<this, IReport>(this);
  private _items: IReport[] = [];
  private _loaded = false;
}
