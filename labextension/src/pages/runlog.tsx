import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, textEditorIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RunLogModel } from '../models/runlog';
import { RunLog } from '../views/runlog';
import { askWhileSeen } from '../views/seen';

/** The log of a run, as a document. */
export function createRunLogPage(
  model: RunLogModel,
  trans: TranslationBundle
): MainAreaWidget<ReactWidget> {
  const content = ReactWidget.create(<RunLog model={model} trans={trans} />);
  content.addClass('jp-Omega-page');
  const page = new MainAreaWidget({ content });
  page.addClass('jp-Omega-groupPage');
  page.title.icon = textEditorIcon;
  page.title.label = trans.__('Log of %1', model.id.slice(0, 6));
  page.title.caption = trans.__('Log of the run %1', model.id);
  model.changed.connect(() => {
    const name = model.run?.job
      .split('/')
      .pop()
      ?.replace(/\.ipynb$/, '');
    page.title.label = trans.__('Log of %1', name || model.id.slice(0, 6));
  });
  askWhileSeen(page, model);
  page.disposed.connect(() => model.dispose());
  return page;
}
