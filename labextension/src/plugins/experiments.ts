import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ITranslator } from '@jupyterlab/translation';

import { addExperimentsCommands } from '../commands/experiments';
import { ExperimentModel } from '../models/experiment';
import { createExperimentPage } from '../pages/experiment';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { pageOpener } from './pageopener';

/** Compares what the runs of an experiment have logged; one page an experiment. */
export const experimentsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:experiments',
  description: 'Compares the runs of an experiment by their parameters and metrics.',
  autoStart: true,
  requires: [IOmega, ITranslator],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    translator: ITranslator,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, shell } = app;
    const trans = translator.load(DOMAIN);
    const show = pageOpener({
      namespace: 'omega-experiment',
      command: CommandIDs.openExperiment,
      shell,
      restorer,
      open: name => {
        const model = new ExperimentModel(
          { client: omega.client.experiments, feed: omega.feed },
          name
        );
        const page = createExperimentPage({ model, commands, trans });
        model.start();
        return page;
      }
    });
    addExperimentsCommands({ commands, omega, show, trans });
  }
};
