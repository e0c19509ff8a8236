import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IObject } from '../client/objects';
import type { HistoryModel } from '../models/history';
import { askText, tellError } from './ask';
import { copyText } from './links';
import { reload } from './reload';
import type { Targets } from './targets';

export interface IRevisionContext {
  model: HistoryModel;
  documents: IDocumentManager;
  targets: Targets;
  trans: TranslationBundle;
}

/** Ask whether to make an object what it was, do so, and show it where it is open. */
export async function restoreRevision(
  context: IRevisionContext,
  { revision }: IObject
): Promise<void> {
  const { model, trans } = context;
  const unsaved = openAt(context)?.context.model.dirty ?? false;
  const body = [
    trans.__(
      'It becomes the newest revision. What is the newest now, %1, stays in the history.',
      model.newest?.revision
    ),
    ...(unsaved ? [trans.__('What is not saved yet is saved first, as a revision.')] : [])
  ];
  const answer = await showDialog({
    title: trans.__('Restore revision %1 of “%2”?', revision, model.name),
    body: body.join(' '),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Restore') })
    ]
  });
  if (answer.button.accept) {
    await restore(context, revision);
  }
}

async function restore(context: IRevisionContext, revision: number): Promise<void> {
  const { model, targets, trans } = context;
  try {
    const path = model.newest?.path;
    if (path) {
      await targets.save(path);
      await model.refresh();
    }
    const before = model.newest?.revision ?? null;
    await model.restore(revision);
    const widget = openAt(context);
    if (widget) {
      await reload(widget, { saved: true });
    }
    Notification.success(trans.__('“%1” is what it was at revision %2.', model.name, revision), {
      autoClose: 12_000,
      actions:
        before === null
          ? []
          : [{ label: trans.__('Undo'), callback: () => void restore(context, before) }]
    });
  } catch (error) {
    tellError(error);
  }
}

/** Ask for a tag, and give it to a revision. */
export async function tagRevision(
  { model, trans }: IRevisionContext,
  { revision }: IObject
): Promise<void> {
  const question = {
    title: trans.__('Tag revision %1 of “%2”', revision, model.name),
    label: trans.__(
      'It is kept for as long as it has a tag, and is found as %1@tag. A tag that another revision has moves to this one.',
      model.name
    ),
    placeholder: trans.__('For example: final'),
    okLabel: trans.__('Tag')
  };
  await askText(question, tag => model.tag(tag, revision));
}

/** Take a tag away; the revision stays. */
export async function dropTag({ model, trans }: IRevisionContext, tag: string): Promise<void> {
  const at = model.items.find(({ tags }) => tags.includes(tag))?.revision;
  try {
    await model.untag(tag);
    Notification.info(trans.__('The tag “%1” is removed.', tag), {
      autoClose: 8000,
      actions:
        at === undefined
          ? []
          : [
              {
                label: trans.__('Undo'),
                callback: () => void model.tag(tag, at).catch(tellError)
              }
            ]
    });
  } catch (error) {
    tellError(error);
  }
}

/** Copy the name by which code finds this revision. */
export async function copyName(
  { model, trans }: IRevisionContext,
  { revision }: IObject
): Promise<void> {
  const name = `${model.name}@${revision}`;
  await copyText(name);
  Notification.success(trans.__('Copied: %1', name), { autoClose: 5000 });
}

/** Let the browser download what was kept at a revision. */
export function downloadRevision({ model }: IRevisionContext, { revision, name }: IObject): void {
  const link = document.createElement('a');
  link.href = model.url(revision);
  link.download = name.split('/').pop() ?? name;
  document.body.append(link);
  link.click();
  link.remove();
}

function openAt({ model, documents }: IRevisionContext): ReturnType<typeof documents.findWidget> {
  const path = model.newest?.path;
  return path ? documents.findWidget(path, null) : undefined;
}
