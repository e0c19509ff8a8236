import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator } from '@jupyterlab/translation';
import { Throttler } from '@lumino/polling';

import { OmegaClient } from '../client';
import { STATUSES } from '../client/runs';
import { ExperimentsModel } from '../models/experiments';
import { Feed } from '../models/feed';
import { GroupsModel } from '../models/groups';
import { TabMemory } from '../models/memory';
import { ReportsModel } from '../models/reports';
import { RepositoryModel } from '../models/repository';
import { RunsModel } from '../models/runs';
import { SchedulesModel } from '../models/schedules';
import { StatusModel } from '../models/status';
import { TrashModel } from '../models/trash';
import { DOMAIN, IOmega } from '../tokens';

/** Under which it is kept which runs are listed. */
const CHOICE = 'omegaml-lab:runs';

/** Provides the models that everything else shows. */
export const omegaPlugin: JupyterFrontEndPlugin<IOmega> = {
  id: 'omegaml-lab:omega',
  description: 'Knows the repository, its runs, its reports and its schedules.',
  autoStart: true,
  provides: IOmega,
  requires: [ITranslator],
  optional: [IStateDB],
  activate: (app: JupyterFrontEnd, translator: ITranslator, state: IStateDB | null): IOmega => {
    const { serviceManager } = app;
    const client = new OmegaClient(serviceManager.serverSettings, translator.load(DOMAIN));
    const feed = new Feed(serviceManager.events.stream, id => client.runs.get(id));
    const started = new TabMemory('omegaml-lab:started', window.sessionStorage);
    const runs = new RunsModel({
      client: client.runs,
      feed,
      started,
      keep: ({ calls, status, local }) =>
        void state?.save(CHOICE, {
          calls: calls ?? null,
          status: status ?? null,
          local: local ?? false
        })
    });
    const experiments = new ExperimentsModel({ client: client.experiments, feed });
    const asked = new TabMemory('omegaml-lab:started-groups', window.sessionStorage);
    const groups = new GroupsModel({ client: client.groups, feed, started: asked });
    const reports = new ReportsModel({ client: client.reports, runs, feed });
    const schedules = new SchedulesModel({ client: client.schedules, runs, feed });
    const repository = new RepositoryModel({ client: client.objects, feed });
    const trash = new TrashModel({ client: client.trash, feed });
    const status = new StatusModel({ client: client.status });
    const refresh = async (): Promise<void> => {
      const shown = [runs, groups, reports, schedules, repository, experiments, trash];
      await Promise.all(shown.map(model => model.refresh()));
    };
    // What was pushed while the server was away is missed: ask.
    status.reconnected.connect(() => void refresh());
    // Runs that start and end say that workers are there, and how busy.
    const look = new Throttler(() => status.refresh(), { limit: 2000, edge: 'trailing' });
    runs.started.connect(() => void look.invoke());
    runs.ended.connect(() => void look.invoke());
    // The Lab is on the screen first.
    void app.started.then(async () => {
      await restoreChoice(runs, state);
      runs.start();
      groups.start();
      repository.start();
      schedules.start();
      experiments.start();
      trash.start();
      status.start();
      reports.start();
    });
    return {
      client,
      feed,
      repository,
      runs,
      groups,
      experiments,
      reports,
      schedules,
      status,
      trash
    };
  }
};

/** List what somebody wanted to see before a reload; nothing is lost if that is not known. */
async function restoreChoice(runs: RunsModel, state: IStateDB | null): Promise<void> {
  const kept = (await state?.fetch(CHOICE).catch(() => undefined)) as
    Record<string, unknown> | undefined;
  const calls = typeof kept?.calls === 'boolean' ? kept.calls : undefined;
  const status = STATUSES.find(each => each === kept?.status);
  const local = kept?.local === true || undefined;
  if (calls !== undefined || status || local) {
    await runs.setFilter({ calls, status, local });
  }
}
