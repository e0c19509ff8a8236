import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IExperiment } from '../client/experiments';
import { CommandIDs } from '../tokens';
import { ExperimentList } from '../views/experimentlist';
import { askWhileSeen } from '../views/seen';
import type { IPageOptions } from './repository';

/** The section of the side panel that shows the experiments. */
export function createExperimentsPage({ omega, commands, trans }: IPageOptions): ReactWidget {
  const execute =
    (command: string) =>
    ({ name }: IExperiment): void =>
      void commands.execute(command, { id: name });
  const page = ReactWidget.create(
    <ExperimentList
      model={omega.experiments}
      actions={{
        compare: execute(CommandIDs.openExperiment),
        drop: execute(CommandIDs.dropExperiment)
      }}
      trans={trans}
    />
  );
  page.id = 'omega-experiments';
  page.addClass('jp-Omega-page');
  page.title.label = trans.__('Experiments');
  page.title.caption = trans.__('What runs have logged, to be compared');
  askWhileSeen(page, omega.experiments);
  return page;
}
