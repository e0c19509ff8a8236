import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal, IStream } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { StoreName } from '../client/objects';
import type { IRun } from '../client/runs';

export const RUN_SCHEMA = 'urn:omegaml-lab:events:run:v1';
export const OBJECT_SCHEMA = 'urn:omegaml-lab:events:object:v1';

/** Something happened to an object of the repository. */
export interface IObjectChange {
  store: StoreName;
  name: string;
  change: 'put' | 'annotated' | 'renamed' | 'dropped';
  /** Where it was before, when it was renamed. */
  previous?: string;
}

/** What the server pushes on Jupyter's event bus, sorted by what it is about. */
export class Feed implements IDisposable {
  constructor(stream: IStream<unknown, Event.Emission>) {
    this._stream = stream;
    stream.connect(this._onEvent, this);
  }

  /** A run is new or has changed. */
  get runChanged(): ISignal<this, IRun> {
    return this._runChanged;
  }

  get objectChanged(): ISignal<this, IObjectChange> {
    return this._objectChanged;
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
      this._runChanged.emit(event.run as unknown as IRun);
    } else if (event.schema_id === OBJECT_SCHEMA) {
      this._objectChanged.emit(event as unknown as IObjectChange);
    }
  }

  private readonly _stream: IStream<unknown, Event.Emission>;
  private readonly _runChanged = new Signal<this, IRun>(this);
  private readonly _objectChanged = new Signal<this, IObjectChange>(this);
  private _isDisposed = false;
}
