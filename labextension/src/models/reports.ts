import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IReport, IReportOptions, ReportsClient } from '../client/reports';
import type { IRun, Target } from '../client/runs';
import type { RunsModel } from './runs';

/** A report appears a little after the end of its run: when to look for it, in milliseconds. */
const LOOKS = [300, 700, 1000, 2000, 4000, 8000, 15_000];

export interface IReportsOptions {
  client: ReportsClient;
  runs: RunsModel;
}

/** Which jobs are published, and where. */
export class ReportsModel implements IDisposable {
  constructor(options: IReportsOptions) {
    this._client = options.client;
    this._runs = options.runs;
    this._runs.ended.connect(this._onEnded, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A run that was to publish its result has done so. */
  get published(): ISignal<this, IReport> {
    return this._published;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._runs.ended.disconnect(this._onEnded, this);
      Signal.clearData(this);
    }
  }

  /** The report of a job, as far as is known. */
  ofJob(job: string): IReport | null {
    return this._items.find(report => report.job === job) ?? null;
  }

  /** Ask the server for the report of the notebook at `path`. */
  async atPath(path: string): Promise<IReport | null> {
    const { items } = await this._client.list({ path });
    items.forEach(report => this._remember(report));
    return items[0] ?? null;
  }

  async refresh(): Promise<void> {
    try {
      this._items = (await this._client.list()).items;
      this._changed.emit();
    } catch {
      // Links in the list of runs are an extra: the status line tells when the server is away.
    }
  }

  async publish(target: Target, options: IReportOptions): Promise<IReport> {
    return this._remember(await this._client.publish(target, options));
  }

  private _remember(report: IReport): IReport {
    this._items = [report, ...this._items.filter(item => item.name !== report.name)];
    this._changed.emit();
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
      if (this._isDisposed) {
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
  private readonly _runs: RunsModel;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _published = new Signal<this, IReport>(this);
  private _items: IReport[] = [];
  private _isDisposed = false;
}
