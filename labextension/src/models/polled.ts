import { Poll } from '@lumino/polling';

import { messageOf } from '../client/connection';
import { Model } from './model';

/** What the server knows, asked for from time to time. */
export abstract class PolledModel extends Model {
  /** `interval` is in milliseconds. */
  constructor(interval: number) {
    super();
    this._poll = new Poll({
      auto: false,
      factory: () => this.fetch(),
      frequency: { interval, backoff: true, max: interval },
      // A page may load before it is seen: its first answer does not wait for that.
      standby: () => (this.loaded ? 'when-hidden' : 'never')
    });
  }

  /** Whether nothing is known yet. */
  get loading(): boolean {
    return !this.loaded && this._error === null;
  }

  /** Why the last attempt to ask the server failed, null when it did not. */
  get error(): string | null {
    return this._error;
  }

  /** Whether it can be seen: what nobody looks at is not asked for. */
  get seen(): boolean {
    return this._seen;
  }

  set seen(seen: boolean) {
    if (seen !== this._seen) {
      this._seen = seen;
      if (this._polling) {
        void (seen ? this._poll.start() : this._poll.stop());
      }
    }
  }

  override dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  /** Ask now and, should nothing be pushed, from time to time. */
  start(): void {
    this._polling = true;
    if (this._seen) {
      void this._poll.start();
    }
  }

  /** Ask the server again for what is shown, if it is. Never rejects: see `error`. */
  async refresh(): Promise<void> {
    if (this._seen) {
      await this.fetch().catch(() => undefined);
    }
  }

  /** Whether the server has ever answered what is asked now. */
  protected abstract get loaded(): boolean;

  /** Ask, and take the answer. Rejects when there is none, so that the poll slows down. */
  protected abstract fetch(): Promise<void>;

  /** Tell how the last attempt went: what failed, or null. */
  protected setError(error: unknown): void {
    this._error = error === null ? null : messageOf(error);
  }

  /** Ask at another pace from now on; `hurry` does not wait for the pause that goes on. */
  protected setInterval(interval: number, hurry: boolean): void {
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
      if (this._polling && hurry) {
        void this._poll.refresh();
      }
    }
  }

  private readonly _poll: Poll;
  private _error: string | null = null;
  private _polling = false;
  private _seen = true;
}
