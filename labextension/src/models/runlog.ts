import type { IRun, RunsClient } from '../client/runs';
import { isFinal } from '../client/runs';
import type { Feed } from './feed';
import { PolledModel } from './polled';

const ENDED_INTERVAL = 60_000;
/** While something is printed, that is not pushed. */
const GOING_INTERVAL = 3_000;

export interface IRunLogOptions {
  client: RunsClient;
  feed: Feed;
}

/** The end of what a run has printed, as it grows. */
export class RunLogModel extends PolledModel {
  constructor(
    { client, feed }: IRunLogOptions,
    readonly id: string
  ) {
    super(ENDED_INTERVAL);
    this._client = client;
    this._feed = feed;
    feed.runChanged.connect(this._onRun, this);
  }

  get run(): IRun | null {
    return this._run;
  }

  override dispose(): void {
    this._feed.runChanged.disconnect(this._onRun, this);
    super.dispose();
  }

  protected get loaded(): boolean {
    return this._run !== null;
  }

  protected async fetch(): Promise<void> {
    try {
      this._run = await this._client.get(this.id);
      this.setError(null);
      this.setInterval(isFinal(this._run) ? ENDED_INTERVAL : GOING_INTERVAL, false);
    } catch (error) {
      this.setError(error);
      throw error;
    } finally {
      this.emitChanged();
    }
  }

  private _onRun(_: Feed, { id, status }: IRun): void {
    // How far it is tells the poll soon enough.
    if (id === this.id && status !== this._run?.status) {
      void this.refresh();
    }
  }

  private readonly _client: RunsClient;
  private readonly _feed: Feed;
  private _run: IRun | null = null;
}
