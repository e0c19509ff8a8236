import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { copyLink } from '../commands/links';
import type { IRun } from '../client/runs';
import { CommandIDs } from '../tokens';
import type { IGroup } from '../client/groups';
import type { IGroupActions } from '../views/groupcard';
import type { IRunActions } from '../views/runcard';
import { RunList } from '../views/runlist';
import type { IPageOptions } from './repository';

/** The section of the side panel that shows the runs. */
export function createRunsPage({ omega, commands, trans }: IPageOptions): ReactWidget {
  const execute =
    (id: string) =>
    (run: IRun): void =>
      void commands.execute(id, { id: run.id });
  const actions: IRunActions = {
    cancel: execute(CommandIDs.cancel),
    rerun: execute(CommandIDs.rerun),
    resume: execute(CommandIDs.resume),
    openResult: execute(CommandIDs.openResult),
    openFailingCell: execute(CommandIDs.openFailingCell),
    openNotebook: execute(CommandIDs.openNotebook),
    openLog: execute(CommandIDs.openLog),
    publish: run => void commands.execute(CommandIDs.publish, { path: run.job_path ?? undefined }),
    copyLink: report => void copyLink(report, trans),
    onlyJob: run => void omega.runs.showAlike(run)
  };
  const executeOf =
    (id: string) =>
    (group: IGroup): void =>
      void commands.execute(id, { id: group.id });
  const groupActions: IGroupActions = {
    compare: executeOf(CommandIDs.compareGroup),
    cancel: executeOf(CommandIDs.cancelGroup),
    retry: executeOf(CommandIDs.retryGroup)
  };
  const page = ReactWidget.create(
    <RunList
      model={omega.runs}
      groups={omega.groups}
      reports={omega.reports}
      actions={actions}
      groupActions={groupActions}
      skew={() => omega.client.connection.skew}
      trans={trans}
    />
  );
  page.id = 'omega-runs';
  page.addClass('jp-Omega-page');
  page.title.label = trans.__('Runs');
  page.title.caption = trans.__('What runs and has run on the cluster, newest first');
  return page;
}
