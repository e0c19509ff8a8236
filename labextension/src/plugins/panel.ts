import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator } from '@jupyterlab/translation';
import { ReactWidget, SidePanel } from '@jupyterlab/ui-components';
import { Panel } from '@lumino/widgets';
import * as React from 'react';

import { omegaIcon } from '../icons';
import { createRepositoryPage } from '../pages/repository';
import { createRunsPage } from '../pages/runs';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { HealthLine } from '../views/health';

/** Adds the side panel. A page more is one line more here. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:panel',
  description: 'Shows the repository and its runs in the left side bar.',
  autoStart: true,
  requires: [IOmega, IDocumentManager, ITranslator],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    omega: IOmega,
    documents: IDocumentManager,
    translator: ITranslator,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, shell } = app;
    const trans = translator.load(DOMAIN);
    const health = ReactWidget.create(
      React.createElement(HealthLine, { model: omega.status, trans })
    );
    const header = new Panel();
    header.addWidget(health);
    const panel = new SidePanel({ translator, header });
    panel.id = 'omega-panel';
    panel.addClass('jp-Omega-panel');
    panel.title.icon = omegaIcon;
    panel.title.caption = trans.__('Omega: repository and runs');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', trans.__('Omega'));
    const options = { omega, commands, documents, trans };
    panel.addWidget(createRepositoryPage(options));
    panel.addWidget(createRunsPage(options));
    shell.add(panel, 'left', { rank: 150, type: 'Omega' });
    restorer?.add(panel, 'omega-panel');
    commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show repository and runs'),
      icon: omegaIcon,
      execute: () => shell.activateById(panel.id)
    });
    palette?.addItem({ command: CommandIDs.showPanel, category: trans.__('Omega') });
  }
};
