import { Dialog, Notification } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents, IContentProvider } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { AskedSaves } from '../models/askedsaves';
import { areSame, copyPath, wasSaver } from '../models/conflict';
import type { IOpened } from '../models/opened';
import { placeIn } from '../models/place';
import type { IRefusedSave, SaveOptions } from '../models/saveguard';
import { isConflict, namedError } from '../models/saveguard';
import type { IOmega } from '../tokens';
import type { ITheirs } from '../views/conflict';
import { Conflict } from '../views/conflict';
import { FormDialog } from '../views/formdialog';
import type { IRendering } from '../views/rendering';

export interface IConflictContext {
  omega: IOmega;
  documents: IDocumentManager;
  /** What asks the server as JupyterLab does. */
  rest: Pick<IContentProvider, 'get' | 'save'>;
  asked: AskedSaves;
  rendering: IRendering;
  trans: TranslationBundle;
}

type Choice = 'overwrite' | 'copy' | 'discard' | 'cancel';

const COPIES = 1000;

/** Settle saves that were refused: by what both have done, else by asking who saves. */
export class Conflicts {
  constructor(private readonly _context: IConflictContext) {}

  /**
   * Settle one.
   *
   * @returns What the document is then.
   * @throws An error that JupyterLab takes for a cancelled save, when it stays unsettled.
   */
  async settle(refused: IRefusedSave): Promise<Contents.IModel> {
    const { opened, options } = refused;
    for (;;) {
      const theirs = await this._read(refused);
      if (theirs && areSame(theirs.content, options.content)) {
        return this._settled(opened, { ...theirs, content: null });
      }
      const isOurs = theirs !== null && areSame(theirs.content, opened.unsure ?? null);
      const choice = isOurs ? 'overwrite' : await this._choose(refused, theirs);
      if (choice === 'overwrite') {
        const saved = await this._overwrite(refused, theirs);
        if (saved) {
          return this._settled(opened, saved);
        }
      } else if (choice === 'cancel') {
        throw this._cancelled(refused);
      } else {
        if (choice === 'copy') {
          await this._copy(refused);
        }
        return this._settled(opened, await this._revert(opened));
      }
    }
  }

  /** What is there now, null when nothing is. */
  private async _read({ path, options }: IRefusedSave): Promise<Contents.IModel | null> {
    const { type, format } = options;
    try {
      return await this._context.rest.get(path, {
        type,
        ...(format ? { format } : {}),
        content: true,
        hash: true
      });
    } catch (error) {
      if (error instanceof ServerConnection.ResponseError && error.response.status === 404) {
        return null;
      }
      throw error;
    }
  }

  private async _choose(refused: IRefusedSave, theirs: Contents.IModel | null): Promise<Choice> {
    const { opened, path } = refused;
    if (!this._context.asked.isFor(opened.context)) {
      this._tell(opened, path, theirs);
      throw this._cancelled(refused);
    }
    this._dismiss(opened);
    return theirs ? this._ask(refused, theirs) : this._askGone(path);
  }

  private async _ask(refused: IRefusedSave, model: Contents.IModel): Promise<Choice> {
    const { omega, rendering, trans } = this._context;
    const { path, options } = refused;
    const theirs = await this._theirs(path, model);
    const ours: unknown = options.content;
    const props = { path, theirs, ours, rendering, trans };
    return launch({
      title: wasSaver(theirs, omega.status.current?.owner)
        ? trans.__('You saved this elsewhere meanwhile')
        : trans.__('Somebody else saved this meanwhile'),
      body: ReactWidget.create(React.createElement(Conflict, props)),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Discard mine'), actions: ['discard'] }),
        Dialog.warnButton({ label: trans.__('Overwrite'), actions: ['overwrite'] }),
        Dialog.okButton({ label: trans.__('Save as copy'), actions: ['copy'] })
      ]
    });
  }

  private _askGone(path: string): Promise<Choice> {
    const { trans } = this._context;
    return launch({
      title: trans.__('This is no longer there'),
      body: trans.__(
        '“%1” was deleted or renamed after you opened it here. Saving it makes it anew at the same place.',
        path
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Save it again'), actions: ['overwrite'] })
      ]
    });
  }

  /** Who saved it, as far as that can be told. */
  private async _theirs(path: string, model: Contents.IModel): Promise<ITheirs> {
    const { omega } = this._context;
    const content: unknown = model.content;
    const modified = model.last_modified;
    const unknown = { owner: '', byRun: false, modified, revision: null, content };
    try {
      const status = omega.status.current ?? (await omega.client.status.get());
      const place = placeIn(status, path);
      if (place === null) {
        return unknown;
      }
      const { store, name, bucket } = place;
      const { owner, run, revision } = await omega.client.objects.get(store, name, bucket);
      return { ...unknown, owner, byRun: run !== null, revision };
    } catch {
      return unknown; // what matters is that it is there
    }
  }

  /** Save over theirs, null if that is not what is there any more. */
  private async _overwrite(
    { path, options }: IRefusedSave,
    theirs: Contents.IModel | null
  ): Promise<Contents.IModel | null> {
    const terms: SaveOptions = theirs ? { expect: theirs.hash } : { replace: false };
    try {
      return await this._context.rest.save(path, { ...options, ...terms });
    } catch (error) {
      if (isConflict(error)) {
        return null;
      }
      throw error;
    }
  }

  /** Save ours next to it, under a name that is free, and open that. */
  private async _copy({ opened, path, options }: IRefusedSave): Promise<void> {
    const { documents, trans } = this._context;
    const { type, format } = options;
    const content: unknown = options.content;
    for (let number = 1; number <= COPIES; number++) {
      const copy = copyPath(path, number);
      const model: SaveOptions = { type, format, replace: false, content };
      try {
        await documents.services.contents.save(copy, model);
      } catch (error) {
        if (isConflict(error) && number < COPIES) {
          continue;
        }
        throw error;
      }
      // The status bar hears of the end of this save only while its document is in front.
      void ended(opened.context).then(() => documents.openOrReveal(copy, opened.factory));
      Notification.success(trans.__('Your changes are in “%1”.', copy), { autoClose: 10_000 });
      return;
    }
  }

  private async _revert({ context }: IOpened): Promise<Contents.IModel> {
    await context.revert();
    return { ...context.contentsModel, content: null } as Contents.IModel;
  }

  /** Say once that a document was not saved, with the way to settle it. */
  private _tell(opened: IOpened, path: string, theirs: Contents.IModel | null): void {
    const { asked, trans } = this._context;
    const about = theirs?.hash ?? '';
    if (this._told.get(opened)?.about === about) {
      return;
    }
    this._dismiss(opened);
    const message = theirs
      ? trans.__('“%1” was saved elsewhere. Your changes are not saved.', path)
      : trans.__('“%1” was deleted or renamed elsewhere. Your changes are not saved.', path);
    const id = Notification.warning(message, {
      autoClose: false,
      actions: [
        {
          label: trans.__('Resolve…'),
          callback: () => {
            // Who cancels it is told no more than that.
            asked.save(opened.context).catch(() => undefined);
          }
        }
      ]
    });
    this._told.set(opened, { about, id });
    opened.context.disposed.connect(() => this._dismiss(opened));
  }

  private _settled(opened: IOpened, model: Contents.IModel): Contents.IModel {
    this._dismiss(opened);
    return model;
  }

  private _dismiss(opened: IOpened): void {
    const told = this._told.get(opened);
    if (told) {
      this._told.delete(opened);
      Notification.dismiss(told.id);
    }
  }

  private _cancelled({ opened, path }: IRefusedSave): Error {
    // JupyterLab says of a save that is given up that it has started, for good.
    type States = Signal<DocumentRegistry.Context, DocumentRegistry.SaveState>;
    (opened.context.saveState as States).emit('failed');
    const message = this._context.trans.__('“%1” is not saved: somebody else saved it.', path);
    return namedError('ModalCancelError', message);
  }

  private readonly _told = new WeakMap<IOpened, { about: string; id: string }>();
}

/** Wait until the save that goes on has ended. */
function ended({ saveState }: DocumentRegistry.Context): Promise<void> {
  return new Promise(resolve => {
    const note = (_: unknown, state: DocumentRegistry.SaveState): void => {
      if (state !== 'started') {
        saveState.disconnect(note);
        resolve();
      }
    };
    saveState.connect(note);
  });
}

async function launch(
  options: Partial<Dialog.IOptions<void>> & {
    buttons: Dialog.IButton[];
  }
): Promise<Choice> {
  const dialog = new FormDialog({
    ...options,
    defaultButton: 0,
    submit: () => Promise.resolve(true)
  });
  dialog.addClass('jp-Omega-conflictDialog');
  const { button } = await dialog.launch();
  const [choice] = button.actions;
  return button.accept && choice ? (choice as Choice) : 'cancel';
}
