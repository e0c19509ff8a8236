import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
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
import { heightOf, keepRoom } from '../views/room';

/** How what is left is shared: the repository has its tabs and its search above what it lists. */
const SIZES = [4, 3, 3, 4, 5];
/** In pixels: some rows below its tabs and its search, and the details of an object below these. */
const REPOSITORY_ROOM = 190;
const DETAILS_ROOM = 370;
/** What some of their entries need; they take less if all they have needs less. */
const RUNS_ROOM = 300;
const LIST_ROOM = 160;
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
    const share = (): void => sections.setRelativeSizes(SIZES);
    share();
    sections.expansionToggled.connect((_, index) => {
      if (!pages[index].isHidden) {
        share(); // else it gets what the others happen to leave
        bringIntoSight(sections, index);
      }
    });
    keepFocus(panel);
    keepFitting(header, sections);
    keepRooms(omega, pages, share);
    keepRoomForDetails(pages[0], sections);
    shell.add(panel, 'left', { rank: 150, type: 'Omega' });
    restorer?.add(panel, 'omega-panel');
    addShowCommand(app, panel, trans);
    palette?.addItem({ command: CommandIDs.showPanel, category: trans.__('Omega') });
  }
};

/** *Show repository, runs and schedules*; given the name of a `section`, that one. */
function addShowCommand(
  { commands, shell }: JupyterFrontEnd,
  panel: SidePanel,
  trans: TranslationBundle
): void {
  const sections = panel.content as AccordionPanel;
  commands.addCommand(CommandIDs.showPanel, {
    label: trans.__('Show repository, runs and schedules'),
    icon: omegaIcon,
    execute: args => {
      const section = args.section as string | undefined;
      const index = sections.widgets.findIndex(({ id }) => id === `omega-${section}`);
      if (index >= 0) {
        sections.expand(index);
      }
      shell.activateById(panel.id);
      if (index >= 0) {
        bringIntoSight(sections, index);
      }
      focusInto(sections.widgets[Math.max(index, 0)].node);
    }
  });
}

/** Give the focus to a section that was asked for, unless something of it has it. */
function focusInto(section: HTMLElement): void {
  if (!section.contains(document.activeElement)) {
    const first = section.querySelector<HTMLElement>(
      '[role=tab][aria-selected=true], select, input, [tabindex="0"]'
    );
    first?.focus();
  }
}

/**
 * Give each section the room that it needs to be worked in. Those without tabs are low while they
 * are empty; those with some stay as they are, for one goes from tab to tab.
 */
function keepRooms(omega: IOmega, pages: Widget[], share: () => void): void {
  const [, ...lists] = pages;
  const [runs] = lists;
  const empty: Record<string, () => boolean> = {
    'omega-runs': () => hasNoRuns(omega),
    'omega-schedules': () => isEmpty(omega.schedules),
    'omega-experiments': () => isEmpty(omega.experiments)
  };
  for (const list of lists) {
    const least = (): number => Math.min(heightOf(list), list === runs ? RUNS_ROOM : LIST_ROOM);
    keepRoom(list, {
      least,
      isEmpty: empty[list.id],
      changed: isOrWasEmpty => isOrWasEmpty && share()
    });
  }
}

/**
 * Let the section of the repository grow while it tells of an object, downwards, so that what is
 * clicked stays where it is.
 */
function keepRoomForDetails(repository: Widget, sections: AccordionPanel): void {
  const details = (): boolean => repository.node.querySelector('.jp-Omega-card') !== null;
  let before: number[] | null = null;
  keepRoom(repository, {
    least: () => (details() ? DETAILS_ROOM : REPOSITORY_ROOM),
    changed: () => {
      if (details()) {
        before = sections.relativeSizes();
      } else if (before) {
        sections.setRelativeSizes(before);
        before = null;
      }
    }
  });
}

function isEmpty({ items, error }: ListModel<unknown>): boolean {
  return items.length === 0 && error === null;
}

/** Who looks for some runs and finds none is not shown another panel. */
function hasNoRuns({ runs, groups }: IOmega): boolean {
  const isAsked = Object.values(runs.filter).some(value => value !== undefined);
  return !isAsked && isEmpty(runs) && isEmpty(groups);
}

/** The sections have less room when more is said above them, or a scroll bar comes beside them. */
function keepFitting(header: Widget, sections: Widget): void {
  const observer = new ResizeObserver(() =>
    MessageLoop.postMessage(sections, Widget.ResizeMessage.UnknownSize)
  );
  observer.observe(header.node);
  observer.observe(sections.node);
  header.disposed.connect(() => observer.disconnect());
}

/** Scroll the panel to a section: all of it if there is room, else from its title on. */
function bringIntoSight(sections: AccordionPanel, index: number): void {
  MessageLoop.flush(); // it has its size when what was asked of the accordion is done
  for (const node of [sections.widgets[index].node, sections.titles[index]]) {
    node.scrollIntoView({ block: 'nearest' });
  }
}
