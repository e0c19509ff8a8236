import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { messageOf } from '../client/connection';
import type { IStatus, StatusClient } from '../client/status';

const INTERVAL = 10_000;

export interface IStatusOptions {
  client: StatusClient;
}

/** Whether the services that perform runs are there. */
export class StatusModel implements IDisposable {
  constructor(options: IStatusOptions) {
    this._client = options.client;
    this._poll = new Poll({
      auto: false,
      factory: () => this._fetch(),
      frequency: { interval: INTERVAL, backoff: true, max: INTERVAL },
      standby: 'when-hidden'
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The server is back after it was away: what is shown may be old. */
  get reconnected(): ISignal<this, void> {
    return this._reconnected;
  }

  get current(): IStatus | null {
    return this._current;
  }

  /** Why the server does not answer, null when it does. */
  get error(): string | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  /** Ask now, and from time to time. */
  start(): void {
    void this._poll.start();
  }

  /** Ask again. Never rejects: see `error`. */
  async refresh(): Promise<void> {
    await this._fetch().catch(() => undefined);
  }

  private async _fetch(): Promise<void> {
    const was = this._error;
    try {
      this._current = await this._client.get();
      this._error = null;
    } catch (error) {
      this._error = messageOf(error);
      throw error;
    } finally {
      if (!this._isDisposed) {
        this._changed.emit();
        if (was !== null && this._error === null) {
          this._reconnected.emit();
        }
      }
    }
  }

  private readonly _client: StatusClient;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _reconnected = new Signal<this, void>(this);
  private _current: IStatus | null = null;
  private _error: string | null = null;
  private _isDisposed = false;
}
