import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator } from '@jupyterlab/translation';
import { ReactWidget, SidePanel } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import type { AccordionPanel } from '@lumino/widgets';
import { Panel, Widget } from '@lumino/widgets';
import * as React from 'react';

import { omegaIcon } from '../icons';
import type { ListModel } from '../models/list';
import { createExperimentsPage } from '../pages/experiments';
import { createRepositoryPage } from '../pages/repository';
import { createRunsPage } from '../pages/runs';
import { createSchedulesPage } from '../pages/schedules';
import { createTrashPage } from '../pages/trash';
import { CommandIDs, DOMAIN, IOmega } from '../tokens';
import { keepFocus } from '../views/focuskeeper';
import { HealthLine } from '../views/health';
import { keepSnug } from '../views/snug';

/** How high the sections are: the repository has its tabs and its search above what it lists. */
const SIZES = [4, 3, 3, 4, 5];
/** While it tells of an object, the repository needs more. */
const SIZES_WITH_DETAILS = [12, 3, 3, 4, 5];
/** Below it, in pixels, it does not show both its list and what is known of an object. */
const ROOM_FOR_DETAILS = 340;
/** Those at the end are closed at first: they are looked into now and then. */
const CLOSED = 2;

/** Adds the side panel. A page more is one line more here. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:panel',
  description: 'Shows the repository, its runs and its schedules in the left side bar.',
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
    const header = new Panel();
    const line = React.createElement(HealthLine, { model: omega.status, trans });
    header.addWidget(ReactWidget.create(line));
    const panel = new SidePanel({ translator, header });
    panel.id = 'omega-panel';
    panel.addClass('jp-Omega-panel');
    panel.title.icon = omegaIcon;
    panel.title.caption = trans.__('Omega: repository, runs and schedules');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', trans.__('Omega'));
    const options = { omega, commands, documents, trans };
    const pages = [
      createRepositoryPage,
      createRunsPage,
      createSchedulesPage,
      createExperimentsPage,
      createTrashPage
    ].map(create => create(options));
    const closed = pages.length - CLOSED;
    pages.slice(closed).forEach(page => page.hide()); // a section begins as it is added
    pages.forEach(page => panel.addWidget(page));
    const sections = panel.content as AccordionPanel;
    sections.setRelativeSizes(SIZES);
    const giveRoom = makeRoomForDetails(omega, sections);
    sections.expansionToggled.connect((_, index) => {
      if (index >= closed && !pages[index].isHidden) {
        giveRoom(); // else it gets what the others happen to leave
      }
    });
    keepFocus(panel);
    keepTitlesInSight(header, sections);
    keepEmptySnug(omega, pages, giveRoom);
    shell.add(panel, 'left', { rank: 150, type: 'Omega' });
    restorer?.add(panel, 'omega-panel');
    commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show repository, runs and schedules'),
      icon: omegaIcon,
      execute: args => {
        const section = args.section as string | undefined;
        const index = pages.findIndex(({ id }) => id === `omega-${section}`);
        if (index >= 0) {
          sections.expand(index);
        }
        shell.activateById(panel.id);
      }
    });
    palette?.addItem({ command: CommandIDs.showPanel, category: trans.__('Omega') });
  }
};

/** The sections without tabs: those with some stay as they are when one of them is empty. */
function keepEmptySnug(omega: IOmega, pages: Widget[], giveRoom: () => void): void {
  const [, runs, schedules, experiments] = pages;
  keepSnug(runs, () => hasNoRuns(omega), giveRoom);
  keepSnug(schedules, () => isEmpty(omega.schedules), giveRoom);
  keepSnug(experiments, () => isEmpty(omega.experiments), giveRoom);
}

function isEmpty({ items, error }: ListModel<unknown>): boolean {
  return items.length === 0 && error === null;
}

/** Who looks for some runs and finds none is not shown another panel. */
function hasNoRuns({ runs, groups }: IOmega): boolean {
  const isAsked = Object.values(runs.filter).some(Boolean);
  return !isAsked && isEmpty(runs) && isEmpty(groups);
}

/** The sections have less room when more is said above them. */
function keepTitlesInSight(header: Widget, sections: Widget): void {
  const observer = new ResizeObserver(() =>
    MessageLoop.postMessage(sections, Widget.ResizeMessage.UnknownSize)
  );
  observer.observe(header.node);
  header.disposed.connect(() => observer.disconnect());
}

/**
 * Let the section of the repository grow while it tells of an object, downwards, so that what is
 * clicked stays where it is. Returns what gives the sections their sizes.
 */
function makeRoomForDetails({ repository }: IOmega, sections: AccordionPanel): () => void {
  let before: number[] | null = null;
  repository.changed.connect(() => {
    const low = sections.widgets[0].node.clientHeight < ROOM_FOR_DETAILS;
    if (repository.selected && !before && low) {
      before = sections.relativeSizes();
      sections.setRelativeSizes(SIZES_WITH_DETAILS);
    } else if (!repository.selected && before) {
      sections.setRelativeSizes(before);
      before = null;
    }
  });
  return () => sections.setRelativeSizes(before ? SIZES_WITH_DETAILS : SIZES);
}
