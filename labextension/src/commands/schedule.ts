import { Dialog, Notification } from '@jupyterlab/apputils';
import {
  deleteIcon,
  editIcon,
  pauseIcon,
  ReactWidget,
  runIcon,
  undoIcon
} from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { messageOf } from '../client/connection';
import type { ISchedule } from '../client/schedules';
import { clusterIcon, scheduleIcon } from '../icons';
import { ParametersForm } from '../models/form';
import { NotifyForm } from '../models/notifyform';
import { ScheduleForm } from '../models/scheduleform';
import { CommandIDs } from '../tokens';
import { formatInZone, shortPath } from '../views/format';
import { FormDialog } from '../views/formdialog';
import { ScheduleFields } from '../views/scheduleform';
import { WHEN_ID } from '../views/whenfield';
import { addEntryCommand, addPathCommand } from './add';
import { confirmDrop, tellNotice, tellRefused } from './ask';
import type { ICommandOptions } from './run';
import { restoreDropped } from './trash';
import { experimentsOf, tellQueued, tellThem, workersOf } from './run';

/** *Schedule…* and, given the `id` of a schedule, what can be done with it. */
export function addScheduleCommands(options: ICommandOptions): void {
  const { commands, omega, trans } = options;
  addPathCommand(options, {
    id: CommandIDs.schedule,
    label: trans.__('Schedule…'),
    caption: trans.__('Say when this notebook is to be run on the cluster'),
    icon: scheduleIcon,
    act: path => schedule(options, path)
  });
  const add = (
    id: string,
    label: string,
    icon: LabIcon,
    act: (schedule: ISchedule) => Promise<unknown>
  ): void => {
    addEntryCommand(commands, {
      id,
      label,
      icon,
      act,
      find: entry => omega.schedules.find(entry),
      // It may have been dropped elsewhere: not everything that happens is told.
      failed: () => omega.schedules.refresh()
    });
  };
  add(CommandIDs.runSchedule, trans.__('Run now'), clusterIcon, async ({ id }) =>
    tellQueued(commands, trans, await omega.schedules.runNow(id))
  );
  add(CommandIDs.pauseSchedule, trans.__('Pause'), pauseIcon, ({ id }) =>
    omega.schedules.pause(id)
  );
  add(CommandIDs.resumeSchedule, trans.__('Resume'), runIcon, ({ id }) =>
    omega.schedules.resume(id)
  );
  add(CommandIDs.editSchedule, trans.__('Edit…'), editIcon, found => edit(options, found));
  add(
    CommandIDs.restoreNotebook,
    trans.__('Restore notebook'),
    undoIcon,
    async ({ trash, job }) => {
      if (trash !== null) {
        await restoreDropped({ omega, trans }, { store: 'jobs' }, { id: trash, name: job });
      }
      await omega.schedules.refresh();
    }
  );
  add(CommandIDs.dropSchedule, trans.__('Drop…'), deleteIcon, found => drop(options, found));
}

async function schedule(options: ICommandOptions, path: string): Promise<void> {
  const { commands, omega, targets, trans } = options;
  try {
    await targets.save(path);
    const parameters = new ParametersForm(await omega.client.parameters.list(path), trans);
    const form = new ScheduleForm({ client: omega.client.schedules, trans, parameters });
    const notify = new NotifyForm(omega.client.recipients);
    const title = trans.__('Schedule %1', path.split('/').pop());
    await ask(options, { form, notify, title }, async () => {
      // What is scheduled is what is seen, as it is saved now.
      await targets.save(path);
      const made = await omega.schedules.add({ path }, form.settings);
      tellScheduled(commands, trans, made);
      await tellThem(notify, { schedule: made.id }, trans);
    });
  } catch (error) {
    tellRefused(trans.__('“%1” was not scheduled', path), error, trans);
  }
}

async function edit(options: ICommandOptions, old: ISchedule): Promise<void> {
  const { omega, trans } = options;
  const form = new ScheduleForm({
    client: omega.client.schedules,
    trans,
    parameters: await parametersOf(options, old),
    schedule: old
  });
  const notify = await NotifyForm.of(omega.client.recipients, { schedule: old.id });
  const title = trans.__('Edit the schedule of %1', old.job);
  await ask(options, { form, notify, title }, async () => {
    await notify?.apply({ schedule: old.id });
    await omega.schedules.edit(old.id, form.settings);
  });
}

async function parametersOf(
  { omega, trans }: ICommandOptions,
  schedule: ISchedule
): Promise<ParametersForm | null> {
  const path = schedule.job_path;
  try {
    return path === null
      ? null
      : new ParametersForm(await omega.client.parameters.list(path), trans, schedule.parameters);
  } catch {
    return null; // the notebook is gone or broken: when it is due can be mended all the same
  }
}

interface IAsked {
  form: ScheduleForm;
  notify: NotifyForm | null;
  title: string;
}

async function ask(
  { omega, trans }: ICommandOptions,
  { form, notify, title }: IAsked,
  act: () => Promise<void>
): Promise<void> {
  const [workers, experiments] = await Promise.all([workersOf(omega), experimentsOf(omega)]);
  const checked = async (): Promise<void> => {
    await notify?.check();
    await act();
  };
  const dialog = new FormDialog({
    title,
    body: ReactWidget.create(
      React.createElement(ScheduleFields, { form, notify, workers, experiments, trans })
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: form.editing ? trans.__('Save') : trans.__('Schedule') })
    ],
    focusNodeSelector: `#${WHEN_ID}`,
    guard: form,
    submit: () => submit(form, checked, trans)
  });
  try {
    await dialog.launch();
  } finally {
    form.dispose();
  }
}

async function submit(
  form: ScheduleForm,
  act: () => Promise<void>,
  trans: TranslationBundle
): Promise<boolean> {
  try {
    if (!(await form.check())) {
      return false; // the form tells why
    }
    await act();
    return true;
  } catch (error) {
    form.refuse(form.limits.refuse(error, trans) ?? messageOf(error));
    return false;
  }
}

function tellScheduled(
  commands: CommandRegistry,
  trans: TranslationBundle,
  { job, next_due: next, timezone, notice }: ISchedule
): void {
  const message = next
    ? trans.__('Scheduled “%1”: next run at %2.', shortPath(job), formatInZone(next, timezone))
    : trans.__('Scheduled “%1”: no run is due any more.', shortPath(job));
  const options = {
    autoClose: 8000,
    actions: [
      {
        label: trans.__('Show schedules'),
        callback: () => void commands.execute(CommandIDs.showPanel, { section: 'schedules' })
      }
    ]
  };
  Notification.success(message, options);
  if (notice) {
    tellNotice(notice, trans);
  }
}

async function drop({ omega, trans }: ICommandOptions, schedule: ISchedule): Promise<void> {
  const body = trans.__(
    '“%1” is no longer run by it: %2. The notebook and its runs stay.',
    schedule.job,
    schedule.words
  );
  if (await confirmDrop({ title: trans.__('Drop this schedule?'), body }, trans)) {
    await omega.schedules.drop(schedule.id);
  }
}
