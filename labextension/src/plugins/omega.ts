import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { OmegaClient } from '../client';
import { Feed } from '../models/feed';
import { ReportsModel } from '../models/reports';
import { RepositoryModel } from '../models/repository';
import { RunsModel } from '../models/runs';
import { StatusModel } from '../models/status';
import { IOmega } from '../tokens';

/** Provides the models that everything else shows. */
export const omegaPlugin: JupyterFrontEndPlugin<IOmega> = {
  id: 'omegaml-lab:omega',
  description: 'Knows the repository, its runs and its reports.',
  autoStart: true,
  provides: IOmega,
  activate: ({ serviceManager, started }: JupyterFrontEnd): IOmega => {
    const client = new OmegaClient(serviceManager.serverSettings);
    const feed = new Feed(serviceManager.events.stream);
    const runs = new RunsModel({ client: client.runs, feed });
    const reports = new ReportsModel({ client: client.reports, runs });
    const repository = new RepositoryModel({ client: client.objects, feed });
    const status = new StatusModel({ client: client.status });
    const refresh = async (): Promise<void> => {
      await Promise.all([runs.refresh(), reports.refresh(), repository.refresh()]);
    };
    // What was pushed while the server was away is missed: ask.
    status.reconnected.connect(() => void refresh());
    // The Lab is on the screen first.
    void started.then(() => Promise.all([refresh(), status.refresh()]));
    return { client, feed, repository, runs, reports, status };
  }
};
