import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ISchedule } from '../client/schedules';
import { CommandIDs } from '../tokens';
import type { IScheduleActions } from '../views/schedulecard';
import { ScheduleList } from '../views/schedulelist';
import type { IPageOptions } from './repository';

/** The section of the side panel that shows the schedules. */
export function createSchedulesPage({ omega, commands, trans }: IPageOptions): ReactWidget {
  const execute =
    (command: string) =>
    ({ id }: ISchedule): void =>
      void commands.execute(command, { id });
  const actions: IScheduleActions = {
    run: execute(CommandIDs.runSchedule),
    pause: execute(CommandIDs.pauseSchedule),
    resume: execute(CommandIDs.resumeSchedule),
    edit: execute(CommandIDs.editSchedule),
    drop: execute(CommandIDs.dropSchedule),
    restore: execute(CommandIDs.restoreNotebook),
    openResult: run => void commands.execute(CommandIDs.openResult, { id: run.id }),
    showRuns: ({ id, job }) => {
      void omega.runs.setFilter({ job, schedule: id });
      void commands.execute(CommandIDs.showPanel, { section: 'runs' });
    }
  };
  const page = ReactWidget.create(
    <ScheduleList
      model={omega.schedules}
      status={omega.status}
      actions={actions}
      skew={() => omega.client.connection.skew}
      trans={trans}
    />
  );
  page.id = 'omega-schedules';
  page.addClass('jp-Omega-page');
  page.title.label = trans.__('Schedules');
  page.title.caption = trans.__('When notebooks are run by themselves');
  return page;
}
