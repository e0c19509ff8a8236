import type { IListing } from '../client/connection';
import type { ExperimentsClient, IExperiment } from '../client/experiments';
import type { IRun } from '../client/runs';
import type { Feed } from './feed';
import { ListModel } from './list';

const PAGE = 30;

export interface IExperimentsOptions {
  client: ExperimentsClient;
  feed: Feed;
}

export type ExperimentSort = 'newest' | 'name';

/** The experiments, as many as were asked for; kept up to date while they are looked at. */
export class ExperimentsModel extends ListModel<IExperiment> {
  constructor({ client, feed }: IExperimentsOptions) {
    super({ page: PAGE });
    this._client = client;
    feed.runChanged.connect(this._onRun, this);
  }

  get sort(): ExperimentSort {
    return this._sort;
  }

  async setSort(sort: ExperimentSort): Promise<void> {
    this._sort = sort;
    await this.restart();
  }

  async drop(name: string): Promise<void> {
    await this._client.drop(name);
    await this.refresh();
  }

  protected async ask(limit: number): Promise<IListing<IExperiment>> {
    const { items, total } = await this._client.list();
    if (this._sort === 'name') {
      items.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    }
    return { items: items.slice(0, limit), total };
  }

  private _onRun(_: Feed, run: IRun): void {
    // Whether it is part of one, its news does not tell.
    if (run.status !== 'queued') {
      this.soon();
    }
  }

  private readonly _client: ExperimentsClient;
  private _sort: ExperimentSort = 'newest';
}
