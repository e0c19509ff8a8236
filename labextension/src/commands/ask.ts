import {
  Dialog,
  InputDialog,
  Notification,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { messageOf } from '../client/connection';

/** Say what went wrong. */
export function tellError(error: unknown): void {
  Notification.error(messageOf(error), { autoClose: 10_000 });
}

/** JupyterLab cuts off longer notifications. */
const LONGEST = 140;

/** Say what else somebody has to know, in a message of its own: together they would be cut off. */
export function tellNotice(notice: string, trans: TranslationBundle): void {
  const whole = {
    label: trans.__('Read on'),
    callback: () => void showDialog({ body: notice, buttons: [Dialog.okButton()] })
  };
  Notification.warning(notice, {
    autoClose: 15_000,
    actions: notice.length > LONGEST ? [whole] : []
  });
}

/** Say that something was not done; *Why* shows the reason whole where it is cut off. */
export function tellRefused(what: string, error: unknown, trans: TranslationBundle): void {
  const reason = messageOf(error);
  const message = trans.__('%1: %2', what, reason);
  const why = {
    label: trans.__('Why'),
    callback: () => void showErrorMessage(what, reason)
  };
  Notification.error(message, {
    autoClose: 30_000,
    actions: message.length > LONGEST ? [why] : []
  });
}

export interface IDropQuestion {
  title: string;
  body: string;
}

/** Ask whether something is to go; not to drop it is what Enter answers. */
export async function confirmDrop(
  question: IDropQuestion,
  trans: TranslationBundle
): Promise<boolean> {
  const answer = await showDialog({
    ...question,
    defaultButton: 0,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep') }),
      Dialog.warnButton({ label: trans.__('Drop') })
    ]
  });
  return answer.button.accept;
}

export interface ITextQuestion {
  title: string;
  /** What is asked for; the reason of a refusal stands here when it is asked again. */
  label: string;
  text?: string;
  placeholder?: string;
  okLabel: string;
}

/** Ask for a text and do something with it; ask again until that succeeds or somebody gives up. */
export async function askText(
  question: ITextQuestion,
  act: (text: string) => Promise<unknown>
): Promise<boolean> {
  let { label, text } = question;
  for (;;) {
    const answer = await InputDialog.getText({ ...question, label, text });
    text = answer.value?.trim();
    if (!answer.button.accept || !text) {
      return false;
    }
    try {
      await act(text);
      return true;
    } catch (error) {
      label = messageOf(error);
    }
  }
}
