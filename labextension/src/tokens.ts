import { Token } from '@lumino/coreutils';

import type { OmegaClient } from './client';
import type { Feed } from './models/feed';
import type { ReportsModel } from './models/reports';
import type { RepositoryModel } from './models/repository';
import type { RunsModel } from './models/runs';
import type { StatusModel } from './models/status';

/** What is known of the repository and its runs, shared by all that shows it. */
export interface IOmega {
  readonly client: OmegaClient;
  readonly feed: Feed;
  readonly repository: RepositoryModel;
  readonly runs: RunsModel;
  readonly reports: ReportsModel;
  readonly status: StatusModel;
}

export const IOmega = new Token<IOmega>(
  'omegaml-lab:IOmega',
  'The repository, its runs and its reports, kept up to date.'
);

/** The translation domain of all our strings. */
export const DOMAIN = 'omegaml_lab';

/** The commands: each verb once, for menus, palette, keyboard, toolbar and panel. */
export const CommandIDs = {
  run: 'omega:run',
  runWithParameters: 'omega:run-with-parameters',
  publish: 'omega:publish',
  copyReportLink: 'omega:copy-report-link',
  openResult: 'omega:open-result',
  openFailingCell: 'omega:open-failing-cell',
  cancel: 'omega:cancel',
  rerun: 'omega:rerun',
  dropObject: 'omega:drop-object',
  showPanel: 'omega:show-panel'
} as const;
