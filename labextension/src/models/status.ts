import { ServerConnection } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IStatus, StatusClient } from '../client/status';
import { PolledModel } from './polled';

const INTERVAL = 10_000;

export interface IStatusOptions {
  client: StatusClient;
}

/** Whether the services that perform runs are there. */
export class StatusModel extends PolledModel {
  constructor(options: IStatusOptions) {
    super(INTERVAL);
    this._client = options.client;
  }

  /** The server is back after it was away: what is shown may be old. */
  get reconnected(): ISignal<this, void> {
    return this._reconnected;
  }

  /** Whether the server has answered, be it that something behind it does not. */
  get reached(): boolean {
    return this._reached;
  }

  get current(): IStatus | null {
    return this._current;
  }

  protected get loaded(): boolean {
    return this._current !== null;
  }

  protected async fetch(): Promise<void> {
    const was = this.error;
    try {
      this._current = await this._client.get();
      this._reached = true;
      this.setError(null);
    } catch (error) {
      this._reached = !(error instanceof ServerConnection.NetworkError);
      this.setError(error);
      throw error;
    } finally {
      this.emitChanged();
      if (was !== null && this.error === null && !this.isDisposed) {
        this._reconnected.emit();
      }
    }
  }

  private readonly _client: StatusClient;
  private readonly _reconnected = new Signal<this, void>(this);
  private _reached = true;
  private _current: IStatus | null = null;
}
