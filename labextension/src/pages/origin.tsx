import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { IRun } from '../client/runs';
import { titleOf } from '../client/runs';
import { openNotebook } from '../commands/results';
import { hasWidget, originOf, runOf } from '../models/origin';
import type { IOmega } from '../tokens';
import { formatClock, formatGiven } from '../views/format';
import type { IUntrusted } from '../views/originline';
import { OriginLine } from '../views/originline';

export interface IOriginOptions {
  omega: IOmega;
  documents: IDocumentManager;
  translator: ITranslator;
  trans: TranslationBundle;
}

/** Say above a notebook that a run has left that it is one, and lead to the one that is run. */
export async function addOrigin(panel: NotebookPanel, options: IOriginOptions): Promise<void> {
  const { omega, documents, translator, trans } = options;
  await panel.context.ready;
  if (panel.isDisposed) {
    return;
  }
  const told: unknown = panel.context.model.getMetadata('omega');
  const job = originOf(panel.context.path, told);
  if (job === null) {
    return;
  }
  const run = await runThatLeft(omega, runOf(told));
  if (panel.isDisposed) {
    return;
  }
  const open = async (): Promise<void> => {
    // It may have failed since: where, is asked for anew.
    const now = await runThatLeft(omega, runOf(told));
    await (now?.job_path ? openNotebook(documents, now) : documents.openOrReveal(job));
  };
  const given = run ? formatGiven(run) : '';
  if (run) {
    nameTab(panel, run, given);
  }
  const line = ReactWidget.create(
    <OriginLine
      job={run?.job_path ?? job}
      given={given}
      open={() => void open()}
      untrusted={new Untrusted(panel, translator)}
      trans={trans}
    />
  );
  line.addClass('jp-Omega-origin');
  panel.contentHeader.addWidget(line);
}

/** What of a result is not shown before its reader trusts it, which saves it. */
class Untrusted implements IUntrusted {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _translator: ITranslator
  ) {
    const { fileChanged, saveState } = _panel.context;
    fileChanged.connect(() => this._changed.emit());
    saveState.connect(() => this._changed.emit());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get hidesWidgets(): boolean {
    const cells = Array.from(this._panel.context.model.cells);
    return cells.some(cell => !cell.trusted && hasWidget(cell.toJSON()));
  }

  async trust(): Promise<void> {
    const { content, context } = this._panel;
    const { trusted } = await NotebookActions.trust(content, this._translator);
    if (trusted) {
      await context.save();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
}

/**
 * Say in the tab of a result whose it is, and of when: its file is called by a time of the server
 * and an id. The style draws it; JupyterLab takes another label for another name of the file.
 */
function nameTab({ title }: NotebookPanel, run: IRun, given: string): void {
  const name = titleOf(run)
    .replace(/^.*\//, '')
    .replace(/\.ipynb$/, '');
  const told = `${name} · ${formatClock(run.started_at ?? run.queued_at)}`;
  title.dataset = { ...title.dataset, 'omega-result': told };
  const tell = (): void => {
    if (given && !title.caption.startsWith(given)) {
      title.caption = `${given}\n${title.caption}`;
    }
  };
  title.changed.connect(tell); // JupyterLab tells there when it was saved
  tell();
}

/** What is known of the run that has left a notebook, null where it is no more. */
async function runThatLeft({ runs }: IOmega, id: string | null): Promise<IRun | null> {
  try {
    return id === null ? null : await runs.find(id);
  } catch {
    return null;
  }
}
