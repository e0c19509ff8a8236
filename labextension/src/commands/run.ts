import { Dialog, Notification } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';
import * as React from 'react';

import { messageOf } from '../client/connection';
import type { Grid, IGroupOptions } from '../client/groups';
import type { Told } from '../client/recipients';
import type { IRun, IRunOptions } from '../client/runs';
import { titleOf } from '../client/runs';
import type { IWorker } from '../client/status';
import { clusterIcon } from '../icons';
import { ParametersForm } from '../models/form';
import { GroupForm } from '../models/groupform';
import { LimitsForm } from '../models/limitsform';
import { NotifyForm } from '../models/notifyform';
import { TypedText } from '../models/typedtext';
import type { IOmega } from '../tokens';
import { CommandIDs } from '../tokens';
import { RunExperimentField } from '../views/experimentfield';
import { shortPath } from '../views/format';
import { FormDialog } from '../views/formdialog';
import { GroupFields } from '../views/groupfields';
import { LABEL_ID, RunLabelField } from '../views/labelfield';
import { LimitFields } from '../views/limitfields';
import { NotifyFields } from '../views/notifyfields';
import { parameterId, ParameterFields, RunRefusal } from '../views/parameterfields';
import { addPathCommand } from './add';
import { tellNotice, tellRefused } from './ask';
import { tellRun } from './tell';
import type { Targets } from './targets';

export interface ICommandOptions {
  commands: CommandRegistry;
  omega: IOmega;
  targets: Targets;
  trans: TranslationBundle;
}

/** *Run on cluster* and *Run with parameters…* */
export function addRunCommands(options: ICommandOptions): void {
  const { commands, targets, trans } = options;
  commands.addCommand(CommandIDs.run, {
    label: trans.__('Run on cluster'),
    caption: trans.__('Save this notebook and run it on the cluster'),
    icon: clusterIcon,
    isEnabled: args => targets.paths(args).length > 0,
    execute: async args => {
      for (const path of targets.paths(args)) {
        await runOnCluster(options, path);
      }
    }
  });
  addPathCommand(options, {
    id: CommandIDs.runWithParameters,
    label: trans.__('Run with parameters…'),
    caption: trans.__('Choose the parameters of this notebook and run it on the cluster'),
    act: path => runWithParameters(options, path)
  });
}

async function runOnCluster(options: ICommandOptions, path: string): Promise<void> {
  try {
    await start(options, path);
  } catch (error) {
    tellRefused(options.trans.__('“%1” was not run', path), error, options.trans);
  }
}

async function runWithParameters(options: ICommandOptions, path: string): Promise<void> {
  const { omega, targets, trans } = options;
  try {
    await targets.save(path);
    const form = new ParametersForm(await omega.client.parameters.list(path), trans);
    const limits = new LimitsForm();
    const group = new GroupForm();
    const notify = await NotifyForm.of(omega.client.recipients, { path });
    const label = new TypedText();
    const experiment = new TypedText();
    const [workers, known] = await Promise.all([workersOf(omega), experimentsOf(omega)]);
    const of = trans.__('Of all runs of this notebook.');
    const dialog = new FormDialog({
      title: trans.__('Run %1', path.split('/').pop()),
      body: ReactWidget.create(
        React.createElement(
          'div',
          { className: 'jp-Omega-form' },
          React.createElement(ParameterFields, { form, variable: true, trans }),
          React.createElement(GroupFields, { form, group, trans }),
          React.createElement(RunLabelField, { typed: label, workers, trans }),
          React.createElement(RunExperimentField, { typed: experiment, known, trans }),
          React.createElement(LimitFields, { form: limits, trans }),
          notify && React.createElement(NotifyFields, { form: notify, of, trans }),
          React.createElement(RunRefusal, { form })
        )
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Run') })
      ],
      focusNodeSelector: firstOf(form),
      submit: () => submit(options, path, { form, limits, group, label, experiment, notify })
    });
    await dialog.launch();
  } catch (error) {
    tellRefused(trans.__('“%1” was not run', path), error, trans);
  }
}

interface IForms {
  form: ParametersForm;
  limits: LimitsForm;
  group: GroupForm;
  notify: NotifyForm | null;
  label: TypedText;
  experiment: TypedText;
}

/** Where one begins to type: the first parameter, if there is one. */
function firstOf(form: ParametersForm): string {
  const [first] = form.fields;
  return first ? `#${CSS.escape(parameterId(first.parameter.name))}` : `#${LABEL_ID}`;
}

async function submit(
  options: ICommandOptions,
  path: string,
  { form, limits, group, label, experiment, notify }: IForms
): Promise<boolean> {
  if (!form.valid || !group.valid) {
    form.refuse(options.trans.__('Mend the values above first.'));
    return false;
  }
  try {
    await notify?.check();
    const grid = form.grid();
    const asked = {
      limits: limits.values(),
      label: label.value,
      experiment: experiment.value
    };
    let job: string;
    if (form.count > 1) {
      job = await startGroup(options, path, grid, {
        parameters: form.values(),
        at_once: group.atOnce,
        ...asked
      });
    } else {
      const single = Object.entries(grid).map(([name, [value]]): [string, ReadonlyJSONValue] => [
        name,
        value
      ]);
      job = await start(options, path, { ...form.values(), ...Object.fromEntries(single) }, asked);
    }
    await tellThem(notify, { job }, options.trans);
    return true;
  } catch (error) {
    form.refuse(limits.refuse(error, options.trans) ?? messageOf(error));
    return false;
  }
}

async function start(
  { commands, omega, targets, trans }: ICommandOptions,
  path: string,
  parameters?: ReadonlyJSONObject,
  asked?: IRunOptions
): Promise<string> {
  await targets.save(path);
  const run = await omega.runs.run({ path }, parameters, asked);
  tellQueued(commands, trans, run);
  return run.job;
}

/** The workers that are alive, null when the server does not tell. */
export async function workersOf(omega: IOmega): Promise<readonly IWorker[] | null> {
  try {
    return (await omega.client.status.get()).workers;
  } catch {
    return null; // a run is asked for all the same: it waits
  }
}

/** The names of the experiments that there are, the newest first; none where nobody tells. */
export async function experimentsOf(omega: IOmega): Promise<readonly string[]> {
  try {
    return (await omega.client.experiments.list()).items.map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Keep who is to be told of what was just asked for; that stands, whatever becomes of this. */
export async function tellThem(
  form: NotifyForm | null,
  told: Told,
  trans: TranslationBundle
): Promise<void> {
  try {
    await form?.apply(told);
  } catch (error) {
    const message = trans.__('Who is told has not changed: %1', messageOf(error));
    Notification.error(message, { autoClose: 30_000 });
  }
}

async function startGroup(
  { commands, omega, targets, trans }: ICommandOptions,
  path: string,
  grid: Grid,
  options: IGroupOptions
): Promise<string> {
  await targets.save(path);
  const group = await omega.groups.run({ path }, grid, options);
  const message = trans._n(
    '%1 run of “%2” is queued.',
    '%1 runs of “%2” are queued.',
    group.count,
    group.title
  );
  Notification.info(message, {
    autoClose: 4000,
    actions: [
      {
        label: trans.__('Compare'),
        callback: () => void commands.execute(CommandIDs.compareGroup, { id: group.id })
      }
    ]
  });
  return group.jobs[0];
}

/** Say that a run is on its way, with the way to watch it. */
export function tellQueued(commands: CommandRegistry, trans: TranslationBundle, run: IRun): void {
  tellRun(run.id, {
    message: trans.__('“%1” is queued.', shortPath(titleOf(run))),
    type: 'info',
    autoClose: 4000,
    actions: [
      {
        label: trans.__('Show runs'),
        callback: () => void commands.execute(CommandIDs.showPanel)
      }
    ]
  });
  if (run.notice) {
    tellNotice(run.notice, trans);
  }
}
