import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { experimentIcon } from '../icons';
import type { ExperimentModel } from '../models/experiment';
import { CommandIDs } from '../tokens';
import { ExperimentTable } from '../views/experimenttable';
import { keepFocus } from '../views/focuskeeper';
import { askWhileSeen } from '../views/seen';

export interface IExperimentPageOptions {
  model: ExperimentModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The runs of an experiment, as a document. */
export function createExperimentPage({
  model,
  commands,
  trans
}: IExperimentPageOptions): MainAreaWidget<ReactWidget> {
  const content = ReactWidget.create(
    <ExperimentTable
      model={model}
      openResult={({ run, status }) =>
        void commands.execute(
          status === 'failed' ? CommandIDs.openFailingCell : CommandIDs.openResult,
          { id: run }
        )
      }
      trans={trans}
    />
  );
  content.addClass('jp-Omega-page');
  const page = new MainAreaWidget({ content });
  page.addClass('jp-Omega-groupPage');
  page.addClass('jp-Omega-experimentPage');
  page.title.icon = experimentIcon;
  page.title.label = model.name.split('/').pop() ?? model.name;
  page.title.caption = trans.__('Experiment %1', model.name);
  askWhileSeen(page, model);
  keepFocus(page);
  page.disposed.connect(() => model.dispose());
  return page;
}
