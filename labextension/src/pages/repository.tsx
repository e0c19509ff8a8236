import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { IOmega } from '../tokens';
import { CommandIDs } from '../tokens';
import { Browser } from '../views/browser';
import type { IObjectActions } from '../views/objectdetails';
import { askWhileSeen } from '../views/seen';

export interface IPageOptions {
  omega: IOmega;
  commands: CommandRegistry;
  documents: IDocumentManager;
  trans: TranslationBundle;
}

/** The section of the side panel that shows the repository. */
export function createRepositoryPage(options: IPageOptions): ReactWidget {
  const { omega, commands, documents, trans } = options;
  const actions: IObjectActions = {
    open: object => {
      if (object.path !== null) {
        documents.openOrReveal(object.path);
      }
    },
    run: object => void commands.execute(CommandIDs.run, { path: object.path }),
    schedule: object => void commands.execute(CommandIDs.schedule, { path: object.path }),
    publish: object => void commands.execute(CommandIDs.publish, { path: object.path }),
    history: ({ store, name }) => void commands.execute(CommandIDs.history, { store, name }),
    drop: ({ store, name }) => void commands.execute(CommandIDs.dropObject, { store, name })
  };
  const page = ReactWidget.create(
    <Browser model={omega.repository} actions={actions} trans={trans} />
  );
  page.id = 'omega-repository';
  page.addClass('jp-Omega-page');
  page.title.label = trans.__('Repository');
  page.title.caption = trans.__('What is kept for this project: datasets, models, jobs, scripts');
  askWhileSeen(page, omega.repository);
  return page;
}
