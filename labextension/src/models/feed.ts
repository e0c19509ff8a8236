import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal, IStream } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { StoreName } from '../client/objects';
import type { IRun, RunChange } from '../client/runs';

export const RUN_SCHEMA = 'urn:omegaml-lab:events:run:v1';
export const OBJECT_SCHEMA = 'urn:omegaml-lab:events:object:v1';
export const SCHEDULE_SCHEMA = 'urn:omegaml-lab:events:schedule:v1';
export const REPORT_SCHEMA = 'urn:omegaml-lab:events:report:v1';
export const NOTIFICATION_SCHEMA = 'urn:omegaml-lab:events:notification:v1';
export const NOTICE_SCHEMA = 'urn:omegaml-lab:events:notice:v1';

/** What the user of this server is to know; `name` is the file whose history tells more. */
export interface INotice {
  message: string;
  name?: string;
  bucket?: string;
}

/** The user of this server wants to be told that a run has ended, or all runs of a group. */
export interface INotification {
  id: string;
  /** Empty where it is about a group. */
  run: string;
  group?: string;
  job: string;
  happening: 'failed' | 'lost' | 'succeeded' | 'cancelled' | 'recovered';
}

/** Something happened to an object of the repository. */
export interface IObjectChange {
  store: StoreName;
  name: string;
  change: 'put' | 'annotated' | 'renamed' | 'dropped';
  /** Where it was before, when it was renamed. */
  previous?: string;
  /** Its bucket, where that is not the user's own. */
  bucket?: string;
  /** Where Jupyter's contents show it, null if nowhere; and before it was renamed. */
  path?: string | null;
  previous_path?: string | null;
  /** Of its content, where that is known. */
  hash?: string | null;
}

/** Something happened to a schedule. */
export interface IScheduleChange {
  schedule: string;
  change: 'saved' | 'dropped';
}

/** Something happened to a report. */
export interface IReportChange {
  report: string;
  change: 'saved' | 'dropped';
}

/** Stands in for what events keep to themselves, where the server does not tell it either. */
const UNTOLD = { parameters: {}, worker: null, error: null, owner: '', notice: null };

/** What the server pushes on Jupyter's event bus, sorted by what it is about. */
export class Feed implements IDisposable {
  /** `find` asks the server for all of a run, since an event does not tell all. */
  constructor(
    stream: IStream<unknown, Event.Emission>,
    private readonly _find?: (id: string) => Promise<IRun>
  ) {
    this._stream = stream;
    stream.connect(this._onEvent, this);
  }

  /** A run is new or has changed. */
  get runChanged(): ISignal<this, IRun> {
    return this._runChanged;
  }

  /** Something happened to an object of a bucket that is shown, whether or not it is one's own. */
  get objectChanged(): ISignal<this, IObjectChange> {
    return this._objectChanged;
  }

  get scheduleChanged(): ISignal<this, IScheduleChange> {
    return this._scheduleChanged;
  }

  get reportChanged(): ISignal<this, IReportChange> {
    return this._reportChanged;
  }

  get notified(): ISignal<this, INotification> {
    return this._notified;
  }

  /** The user of this server is to know something. */
  get noticed(): ISignal<this, INotice> {
    return this._noticed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._stream.disconnect(this._onEvent, this);
      Signal.clearData(this);
    }
  }

  private _onEvent(_: unknown, event: Event.Emission): void {
    if (event.schema_id === RUN_SCHEMA) {
      void this._tell(event.run as unknown as RunChange);
    } else if (event.schema_id === OBJECT_SCHEMA) {
      this._objectChanged.emit(event as unknown as IObjectChange);
    } else if (event.schema_id === SCHEDULE_SCHEMA) {
      this._scheduleChanged.emit(event as unknown as IScheduleChange);
    } else if (event.schema_id === REPORT_SCHEMA) {
      this._reportChanged.emit(event as unknown as IReportChange);
    } else if (event.schema_id === NOTIFICATION_SCHEMA) {
      this._notified.emit(event as unknown as INotification);
    } else if (event.schema_id === NOTICE_SCHEMA) {
      this._noticed.emit(event as unknown as INotice);
    }
  }

  private async _tell(change: RunChange): Promise<void> {
    const known = this._running.get(change.id);
    const { noticed = false, ...told } = change;
    const goesOn =
      change.status === 'running' &&
      change.attempt === known?.attempt &&
      noticed === (known.notice !== null);
    this._latest.set(change.id, change);
    let run: IRun = { ...UNTOLD, ...(goesOn ? known : {}), ...told };
    // Of a group there may be thousands: who shows it asks for all of them at once.
    if (this._find && !goesOn && !change.group) {
      try {
        run = await this._find(change.id);
      } catch {
        // What the event tells has to do.
      }
    }
    if (this._isDisposed || this._latest.get(change.id) !== change) {
      return; // what came meanwhile tells more
    }
    this._latest.delete(change.id);
    if (run.status === 'running') {
      this._running.set(run.id, run);
    } else {
      this._running.delete(run.id);
    }
    this._runChanged.emit(run);
  }

  private readonly _latest = new Map<string, RunChange>();
  /** All that is known of the runs that go on: of these, only progress and notice change. */
  private readonly _running = new Map<string, IRun>();
  private readonly _stream: IStream<unknown, Event.Emission>;
  private readonly _runChanged = new Signal<this, IRun>(this);
  private readonly _objectChanged = new Signal<this, IObjectChange>(this);
  private readonly _scheduleChanged = new Signal<this, IScheduleChange>(this);
  private readonly _reportChanged = new Signal<this, IReportChange>(this);
  private readonly _notified = new Signal<this, INotification>(this);
  private readonly _noticed = new Signal<this, INotice>(this);
  private _isDisposed = false;
}
