import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { originOf } from '../models/origin';
import { OriginLine } from '../views/originline';

/** Say above a notebook that a run has left that it is one, and lead to the one that is run. */
export async function addOrigin(
  panel: NotebookPanel,
  documents: IDocumentManager,
  trans: TranslationBundle
): Promise<void> {
  await panel.context.ready;
  if (panel.isDisposed) {
    return;
  }
  const { path } = panel.context;
  const job = originOf(path, panel.context.model.getMetadata('omega'));
  if (job === null) {
    return;
  }
  const line = ReactWidget.create(
    <OriginLine job={job} open={() => void documents.openOrReveal(job)} trans={trans} />
  );
  line.addClass('jp-Omega-origin');
  panel.contentHeader.addWidget(line);
}
