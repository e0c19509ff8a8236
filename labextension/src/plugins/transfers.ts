import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { Transfers } from '../models/transfers';
import { DOMAIN } from '../tokens';
import { TransferLine } from '../views/transferline';

/** Shows in the status bar that a large notebook is being opened or saved. */
export const transfersPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:transfers',
  description: 'Tells that a large notebook is being opened or saved.',
  autoStart: true,
  requires: [INotebookTracker, IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    statusBar: IStatusBar,
    translator: ITranslator
  ): void => {
    const trans = translator.load(DOMAIN);
    const model = new Transfers();
    const item = ReactWidget.create(React.createElement(TransferLine, { model, trans }));
    statusBar.registerStatusItem('omegaml-lab:transfers', { item, align: 'middle', rank: 1 });
    Dialog.tracker.widgetAdded.connect(() => model.pauseSaves());
    const { contents } = app.serviceManager;
    notebooks.widgetAdded.connect((_, panel) => void follow(panel, model, contents));
  }
};

/** Tell of a notebook that it is opened, and each time that it is saved. */
async function follow(
  panel: NotebookPanel,
  model: Transfers,
  contents: Contents.IManager
): Promise<void> {
  const { context } = panel;
  let end: () => void = () => undefined;
  let size: number | null = null; // when it was opened; the context does not know
  const stop = (): void => end();
  panel.disposed.connect(stop);
  context.saveState.connect((_, state) => {
    stop();
    if (state === 'started') {
      end = model.begin({ path: context.path, way: 'save', size });
    }
  });
  if (context.isReady) {
    return;
  }
  const path = context.path;
  size = await sizeOf(path, contents);
  end = model.begin({ path, way: 'open', size });
  if (panel.isDisposed || context.isReady) {
    stop();
    return;
  }
  await context.ready.finally(stop);
}

/** Asked without the content, which takes no time; null where nobody knows. */
async function sizeOf(path: string, contents: Contents.IManager): Promise<number | null> {
  try {
    return (await contents.get(path, { content: false })).size ?? null;
  } catch {
    return null; // opening it says what is wrong
  }
}
