import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { linkIcon, ReactWidget, shareIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { messageOf } from '../client/connection';
import type { IReport } from '../client/reports';
import { jobAt } from '../models/place';
import { Publication } from '../models/publication';
import { CommandIDs } from '../tokens';
import { FormDialog } from '../views/formdialog';
import { PublishForm } from '../views/publishform';
import { addPathCommand } from './add';
import { tellRefused } from './ask';
import { copyLink, tellPublished } from './links';
import type { ICommandOptions } from './run';
import { tellQueued } from './run';

/** *Publish report* and *Copy report link*. */
export function addPublishCommands(options: ICommandOptions): void {
  const { trans } = options;
  addPathCommand(options, {
    id: CommandIDs.publish,
    label: trans.__('Publish report…'),
    caption: trans.__('Publish the result of the last good run under a stable link'),
    icon: shareIcon,
    act: path => publish(options, path)
  });
  addPathCommand(options, {
    id: CommandIDs.copyReportLink,
    label: trans.__('Copy report link'),
    caption: trans.__('Copy the link of the published report'),
    icon: linkIcon,
    applies: path => mayHaveReport(options, path),
    act: path => copyReportLink(options, path)
  });
}

/** Whether a notebook has a report, as far as is known. */
function mayHaveReport({ omega }: ICommandOptions, path: string): boolean {
  const status = omega.status.current;
  const job = status && jobAt(status, path);
  return !job || omega.reports.mayHave(job);
}

async function publish(options: ICommandOptions, path: string): Promise<void> {
  const { omega, targets, trans } = options;
  try {
    const [report, run] = await Promise.all([
      omega.reports.atPath(path),
      omega.runs.lastGood(path)
    ]);
    const publication = new Publication(report, run !== null);
    const runsFirst = !report && !run;
    if (runsFirst) {
      await targets.save(path);
    }
    const label = report
      ? trans.__('Publish again')
      : runsFirst
        ? trans.__('Run and publish')
        : trans.__('Publish');
    const dialog = new FormDialog({
      title: trans.__('Publish %1', path.split('/').pop()),
      body: ReactWidget.create(React.createElement(PublishForm, { publication, trans })),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        ...(report ? [Dialog.warnButton({ label: trans.__('Unpublish…'), accept: false })] : []),
        Dialog.okButton({ label })
      ],
      submit: () => submit(options, path, publication)
    });
    const { button } = await dialog.launch();
    if (report && button.displayType === 'warn') {
      await unpublish(options, report);
    }
  } catch (error) {
    tellRefused(trans.__('“%1” was not published', path), error, trans);
  }
}

async function submit(
  { commands, omega, trans }: ICommandOptions,
  path: string,
  publication: Publication
): Promise<boolean> {
  try {
    if (publication.existing || publication.hasGoodRun) {
      tellPublished(await omega.reports.publish({ path }, publication.options), trans);
    } else {
      tellQueued(
        commands,
        trans,
        await omega.runs.run({ path }, {}, { publish: publication.options })
      );
    }
    return true;
  } catch (error) {
    publication.refuse(messageOf(error));
    return false;
  }
}

async function unpublish({ omega, trans }: ICommandOptions, report: IReport): Promise<void> {
  const answer = await showDialog({
    title: trans.__('Unpublish “%1”?', report.name),
    body: trans.__('Its link opens nothing any more. The notebook, its runs and results stay.'),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep') }),
      Dialog.warnButton({ label: trans.__('Unpublish') })
    ]
  });
  if (!answer.button.accept) {
    return;
  }
  try {
    await omega.reports.unpublish(report.name);
    Notification.success(trans.__('“%1” is not published any more.', report.name), {
      autoClose: 5000
    });
  } catch (error) {
    tellRefused(trans.__('“%1” is still published', report.name), error, trans);
  }
}

async function copyReportLink(options: ICommandOptions, path: string): Promise<void> {
  const { commands, omega, trans } = options;
  try {
    const report = await omega.reports.atPath(path);
    if (report) {
      await copyLink(report, trans);
      return;
    }
    Notification.warning(trans.__('%1 has no report yet: publish it first.', path), {
      autoClose: 8000,
      actions: [
        {
          label: trans.__('Publish report…'),
          displayType: 'accent',
          callback: () => void commands.execute(CommandIDs.publish, { path })
        }
      ]
    });
  } catch (error) {
    Notification.error(trans.__('The link was not copied: %1', messageOf(error)));
  }
}
