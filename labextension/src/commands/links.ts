import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IReport } from '../client/reports';
import { linkOf } from '../client/reports';

/** Copy a report's link, and say so, with a way to open it. */
export async function copyLink(report: IReport, trans: TranslationBundle): Promise<void> {
  const link = linkOf(report);
  await copyText(link);
  Notification.success(trans.__('Link to “%1” copied: %2', report.name, link), {
    autoClose: 8000,
    actions: [openAction(report, trans)]
  });
}

/** Say that a job is published, with the ways to its report. */
export function tellPublished(report: IReport, trans: TranslationBundle): void {
  Notification.success(trans.__('“%1” is published: %2', report.name, linkOf(report)), {
    autoClose: 12000,
    actions: [
      openAction(report, trans),
      { label: trans.__('Copy link'), callback: () => void copyLink(report, trans) }
    ]
  });
}

function openAction(report: IReport, trans: TranslationBundle): Notification.IAction {
  return {
    label: trans.__('Open'),
    displayType: 'accent',
    callback: () => void window.open(linkOf(report), '_blank', 'noopener')
  };
}

/** Put a text on the clipboard. */
export async function copyText(text: string): Promise<void> {
  // The asynchronous clipboard exists on secure origins only, and may be denied.
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    Clipboard.copyToSystem(text);
  }
}
