import { Token } from '@lumino/coreutils';

import type { OmegaClient } from './client';
import type { ExperimentsModel } from './models/experiments';
import type { Feed } from './models/feed';
import type { GroupsModel } from './models/groups';
import type { ReportsModel } from './models/reports';
import type { RepositoryModel } from './models/repository';
import type { RunsModel } from './models/runs';
import type { SchedulesModel } from './models/schedules';
import type { StatusModel } from './models/status';
import type { TrashModel } from './models/trash';

/** What is known of the repository and its runs, shared by all that shows it. */
export interface IOmega {
  readonly client: OmegaClient;
  readonly feed: Feed;
  readonly repository: RepositoryModel;
  readonly runs: RunsModel;
  readonly experiments: ExperimentsModel;
  readonly groups: GroupsModel;
  readonly reports: ReportsModel;
  readonly schedules: SchedulesModel;
  readonly status: StatusModel;
  readonly trash: TrashModel;
}

export const IOmega = new Token<IOmega>(
  'omegaml-lab:IOmega',
  'The repository, its runs, reports and schedules, kept up to date.'
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
  openNotebook: 'omega:open-notebook',
  openLog: 'omega:open-log',
  openRun: 'omega:open-run',
  schedule: 'omega:schedule',
  editSchedule: 'omega:edit-schedule',
  runSchedule: 'omega:run-schedule',
  pauseSchedule: 'omega:pause-schedule',
  resumeSchedule: 'omega:resume-schedule',
  dropSchedule: 'omega:drop-schedule',
  restoreNotebook: 'omega:restore-notebook',
  cancel: 'omega:cancel',
  rerun: 'omega:rerun',
  resume: 'omega:resume',
  compareGroup: 'omega:compare-group',
  cancelGroup: 'omega:cancel-group',
  retryGroup: 'omega:retry-group',
  openExperiment: 'omega:open-experiment',
  dropExperiment: 'omega:drop-experiment',
  dropObject: 'omega:drop-object',
  history: 'omega:history',
  showPanel: 'omega:show-panel'
} as const;
