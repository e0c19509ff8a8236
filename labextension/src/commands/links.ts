import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IReport } from '../client/reports';
import { linkOf, liveLinkOf } from '../client/reports';
import { readersOf } from '../views/readers';
import { tellRun } from './tell';

/** Copy a report's link, and say so, with a way to open it. */
export async function copyLink(report: IReport, trans: TranslationBundle): Promise<void> {
  const link = linkOf(report);
  await copyText(link);
  Notification.success(copied(report, link, trans), {
    autoClose: 8000,
    actions: [openAction(link, trans.__('Open'))]
  });
}

/** Say that a job is published, with the ways to its report. */
export function tellPublished(report: IReport, trans: TranslationBundle): void {
  const live = liveLinkOf(report);
  tellRun(report.run, {
    message: published(report, trans),
    type: 'success',
    autoClose: 12_000,
    actions: [
      openAction(linkOf(report), trans.__('Open')),
      ...(live ? [openAction(live, trans.__('Open live'))] : []),
      { label: trans.__('Copy link'), callback: () => void copyLink(report, trans) }
    ]
  });
}

function copied({ access, name }: IReport, link: string, trans: TranslationBundle): string {
  return trans.__('Link to “%1” copied, for %2: %3', name, readersOf(access, link, trans), link);
}

/** The link comes last, where it may be cut off: it can be opened and copied. */
function published(report: IReport, trans: TranslationBundle): string {
  const link = linkOf(report);
  const readers = readersOf(report.access, link, trans);
  return report.live && report.access === 'anyone'
    ? trans.__(
        '“%1” is published for %2, live for people signed in: %3',
        report.name,
        readers,
        link
      )
    : trans.__('“%1” is published for %2: %3', report.name, readers, link);
}

function openAction(link: string, label: string): Notification.IAction {
  return {
    label,
    displayType: 'accent',
    callback: () => void window.open(link, '_blank', 'noopener')
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
