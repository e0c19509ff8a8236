import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../client/connection';
import type { IObject, StoreName } from '../client/objects';
import type { IDropped, ITrashPlace } from '../client/trash';
import type { IOmega } from '../tokens';
import { askText, confirmDrop, tellError } from './ask';
import { Leaving } from './leave';

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
    if (!(await confirmGoing({ omega, trans }, object))) {
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

/** Ask whether an object is to be dropped; what schedules run is said in the same question. */
async function confirmGoing(context: ITrashContext, object: IObject): Promise<boolean> {
  const { trans } = context;
  const { store, name, kind, path } = object;
  const title = trans.__('Drop “%1”?', name);
  const body =
    kind === 'folder'
      ? trans.__('The folder and everything in it go to the trash of %1.', store)
      : trans.__('It goes to the trash of %1 with all its revisions.', store);
  const words = { title, question: body, stay: trans.__('Keep'), go: trans.__('Drop') };
  const goes = path === null ? null : await new Leaving(context).confirmDeletion([path], words);
  return goes ?? confirmDrop({ title, body }, trans);
}

/** Put back what is in the trash; where its name is taken, ask for another. */
export async function restoreDropped(
  { omega, trans }: ITrashContext,
  place: ITrashPlace,
  dropped: Pick<IDropped, 'id' | 'name'>
): Promise<void> {
  try {
    await restore({ omega, trans }, place, dropped);
  } catch (error) {
    tellError(error);
  }
}

async function undrop(context: ITrashContext, { store, name }: IObject): Promise<void> {
  try {
    const dropped = await context.omega.trash.latest(store, name);
    if (dropped) {
      await restoreDropped(context, { store }, dropped);
    } else {
      Notification.warning(context.trans.__('“%1” is not in the trash any more.', name));
    }
  } catch (error) {
    tellError(error);
  }
}

async function restore(
  { omega, trans }: ITrashContext,
  place: ITrashPlace,
  { id, name }: Pick<IDropped, 'id' | 'name'>
): Promise<void> {
  const put = async (wanted?: string): Promise<void> => {
    const object = await omega.trash.restore(place, id, wanted);
    Notification.success(trans.__('“%1” is back.', object.name), { autoClose: 6000 });
  };
  try {
    await put();
  } catch (error) {
    if (!(error instanceof ApiError && error.type === 'ObjectExistsError')) {
      throw error;
    }
    const question = {
      title: trans.__('Restore “%1” under another name', name),
      label: trans.__('“%1” is there again. Put it back as:', name),
      text: beside(name),
      okLabel: trans.__('Restore')
    };
    await askText(question, put);
  }
}

/** A name beside another one: `a (restored).ipynb` beside `a.ipynb`. */
function beside(name: string): string {
  const [, stem, suffix] = /^(.*?)(\.[^./]*)?$/.exec(name) ?? ['', name, ''];
  return `${stem} (restored)${suffix ?? ''}`;
}
