import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { Connection } from './connection';
import { ExperimentsClient } from './experiments';
import { GroupsClient } from './groups';
import { ObjectsClient } from './objects';
import { ParametersClient } from './parameters';
import { RecipientsClient } from './recipients';
import { ReportsClient } from './reports';
import { RevisionsClient } from './revisions';
import { RunsClient } from './runs';
import { SchedulesClient } from './schedules';
import { StatusClient } from './status';
import { TagsClient } from './tags';
import { TrashClient } from './trash';

/** Omega's REST API, one field a noun. */
export class OmegaClient {
  constructor(settings: ServerConnection.ISettings, trans: TranslationBundle) {
    this.connection = new Connection(settings, trans);
    this.experiments = new ExperimentsClient(this.connection);
    this.groups = new GroupsClient(this.connection);
    this.objects = new ObjectsClient(this.connection);
    this.parameters = new ParametersClient(this.connection);
    this.recipients = new RecipientsClient(this.connection);
    this.reports = new ReportsClient(this.connection);
    this.revisions = new RevisionsClient(this.connection);
    this.runs = new RunsClient(this.connection);
    this.schedules = new SchedulesClient(this.connection);
    this.status = new StatusClient(this.connection);
    this.tags = new TagsClient(this.connection);
    this.trash = new TrashClient(this.connection);
  }

  /** Let Jupyter keep that its user trusts a notebook. */
  trust(path: string): Promise<void> {
    return this.connection.trust(path);
  }

  readonly connection: Connection;
  readonly experiments: ExperimentsClient;
  readonly groups: GroupsClient;
  readonly objects: ObjectsClient;
  readonly parameters: ParametersClient;
  readonly recipients: RecipientsClient;
  readonly reports: ReportsClient;
  readonly revisions: RevisionsClient;
  readonly runs: RunsClient;
  readonly schedules: SchedulesClient;
  readonly status: StatusClient;
  readonly tags: TagsClient;
  readonly trash: TrashClient;
}
