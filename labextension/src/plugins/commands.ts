import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';

import { addPublishCommands } from '../commands/publish';
import { addRunCommands } from '../commands/run';
import { addRunsCommands } from '../commands/runs';
import { addScheduleCommands } from '../commands/schedule';
import { Targets } from '../commands/targets';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { noteFocus } from '../views/formdialog';

/**
 * Adds the commands; the menus, the toolbar button and the shortcut are in the settings schema
 * of this plugin.
 */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:plugin',
  description:
    'Runs, schedules and publishes notebooks from menus, palette, toolbar and keyboard.',
  autoStart: true,
  requires: [IOmega, IDocumentManager, ITranslator],
  optional: [ICommandPalette, IFileBrowserFactory, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    documents: IDocumentManager,
    translator: ITranslator,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
    notebooks: INotebookTracker | null
  ): void => {
    const { commands, shell } = app;
    const trans = translator.load(DOMAIN);
    noteFocus();
    const targets = new Targets({ shell, browsers, notebooks, documents, trans });
    const options = { commands, documents, omega, targets, trans };
    addRunCommands(options);
    addPublishCommands(options);
    addRunsCommands(options);
    addScheduleCommands(options);
    // Whether they apply depends on what is selected and looked at.
    const update = (): void => {
      commands.notifyCommandChanged(CommandIDs.run);
      commands.notifyCommandChanged(CommandIDs.schedule);
    };
    notebooks?.currentChanged.connect(update);
    const updateLink = (): void => commands.notifyCommandChanged(CommandIDs.copyReportLink);
    notebooks?.currentChanged.connect(updateLink);
    omega.reports.changed.connect(updateLink);
    for (const command of [
      CommandIDs.run,
      CommandIDs.runWithParameters,
      CommandIDs.schedule,
      CommandIDs.publish,
      CommandIDs.copyReportLink
    ]) {
      palette?.addItem({ command, category: trans.__('Omega') });
    }
  }
};
