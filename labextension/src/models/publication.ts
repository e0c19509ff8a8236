import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IReport, IReportOptions } from '../client/reports';

/** What a person chooses while publishing; begins with what its report has, else most private. */
export class Publication {
  constructor(
    report: IReport | null,
    readonly hasGoodRun: boolean
  ) {
    this.existing = report;
    this._options = {
      access: report?.access ?? 'signed-in',
      hide_code: report?.hide_code ?? false,
      live: report?.live ?? false
    };
  }

  /** The report as it is now, null when the job was never published. */
  readonly existing: IReport | null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get options(): Readonly<IReportOptions> {
    return this._options;
  }

  /** What the server said, shown until something is changed. */
  get refusal(): string | null {
    return this._refusal;
  }

  choose(options: Partial<IReportOptions>): void {
    this._options = { ...this._options, ...options };
    this._refusal = null;
    this._changed.emit();
  }

  refuse(message: string): void {
    this._refusal = message;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _options: IReportOptions;
  private _refusal: string | null = null;
}
