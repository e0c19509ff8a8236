import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../client/connection';
import type { IObject, StoreName } from '../client/objects';
import type { IDropped } from '../client/trash';
import type { IOmega } from '../tokens';
import { confirmDrop, tellError } from './add';

export interface ITrashContext {
  omega: IOmega;
  trans: TranslationBundle;
}

/** Ask whether an object is to be dropped and do so, with a way back. */
export async function dropObject(
  { omega, trans }: ITrashContext,
  store: StoreName,
  name: string
): Promise<void> {
  try {
    const object = await omega.client.objects.get(store, name);
    const body =
      object.kind === 'folder'
        ? trans.__('The folder and everything in it go to the trash of %1.', store)
        : trans.__('It goes to the trash of %1 with all its revisions.', store);
    if (!(await confirmDrop({ title: trans.__('Drop “%1”?', name), body }, trans))) {
      return;
    }
    await omega.repository.drop(object);
    Notification.info(trans.__('“%1” is in the trash.', name), {
      autoClose: 12_000,
      actions: [
        {
          label: trans.__('Undo'),
          callback: () => void undrop({ omega, trans }, object)
        }
      ]
    });
  } catch (error) {
    tellError(error);
  }
}

/** Put back what is in the trash; where its name is taken, ask for another. */
export async function restoreDropped(
  { omega, trans }: ITrashContext,
  store: StoreName,
  dropped: IDropped
): Promise<void> {
  try {
    const name = await restore({ omega, trans }, store, dropped);
    if (name !== null) {
      Notification.success(trans.__('“%1” is back.', name), { autoClose: 6000 });
    }
  } catch (error) {
    tellError(error);
  }
}

async function undrop(context: ITrashContext, { store, name }: IObject): Promise<void> {
  try {
    const dropped = await context.omega.trash.latest(store, name);
    if (dropped) {
      await restoreDropped(context, store, dropped);
    } else {
      Notification.warning(context.trans.__('“%1” is not in the trash any more.', name));
    }
  } catch (error) {
    tellError(error);
  }
}

/** Restore under a name that is free; null when the person gave up. */
async function restore(
  { omega, trans }: ITrashContext,
  store: StoreName,
  { id, name }: IDropped
): Promise<string | null> {
  let wanted: string | undefined;
  for (;;) {
    try {
      return (await omega.trash.restore(store, id, wanted)).name;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) {
        throw error;
      }
      const answer = await InputDialog.getText({
        title: trans.__('Restore “%1” under another name', name),
        label: error.message,
        text: beside(wanted ?? name),
        okLabel: trans.__('Restore')
      });
      wanted = answer.value?.trim();
      if (!answer.button.accept || !wanted) {
        return null;
      }
    }
  }
}

/** A name beside another one: `a (restored).ipynb` beside `a.ipynb`. */
function beside(name: string): string {
  const [, stem, suffix] = /^(.*?)(\.[^./]*)?$/.exec(name) ?? ['', name, ''];
  return `${stem} (restored)${suffix ?? ''}`;
}
