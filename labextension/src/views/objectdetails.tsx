import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import {
  closeIcon,
  deleteIcon,
  historyIcon,
  notebookIcon,
  shareIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IObject } from '../client/objects';
import { isFolder } from '../client/objects';
import { clusterIcon, scheduleIcon } from '../icons';
import type { IAction } from './card';
import { Actions, Details } from './card';
import { formatAttribute, formatSize, formatTime } from './format';
import { IconButton } from './iconbutton';

/** What can be done with an object. */
export interface IObjectActions {
  open: (object: IObject) => void;
  run: (object: IObject) => void;
  schedule: (object: IObject) => void;
  publish: (object: IObject) => void;
  history: (object: IObject) => void;
  drop: (object: IObject) => void;
}

export interface IObjectDetailsProps {
  object: IObject;
  actions: IObjectActions;
  close: () => void;
  trans: TranslationBundle;
}

/** The card with what is known about an object, and what can be done with it. */
export function ObjectDetails(props: IObjectDetailsProps): JSX.Element {
  const { object, close, trans } = props;
  return (
    <section className="jp-Omega-card" aria-label={trans.__('Details of %1', object.name)}>
      <header className="jp-Omega-cardHead">
        <h3 title={object.name}>
          <bdi>{object.name}</bdi>
        </h3>
        <IconButton icon={closeIcon} label={trans.__('Close the details')} onClick={close} />
      </header>
      <Actions actions={actionsOf(props)} />
      <Details rows={rowsOf(object, trans)} />
    </section>
  );
}

function actionsOf({ object, actions, trans }: IObjectDetailsProps): (IAction | false)[] {
  const openable = object.path !== null && !isFolder(object);
  const runnable = object.kind === 'notebook' && object.path !== null;
  const action = (
    icon: LabIcon,
    label: string,
    act: (object: IObject) => void,
    wanted = true
  ): IAction | false => wanted && { icon, label, act: () => act(object) };
  return [
    action(notebookIcon, trans.__('Open'), actions.open, openable),
    action(clusterIcon, trans.__('Run on cluster'), actions.run, runnable),
    action(scheduleIcon, trans.__('Schedule'), actions.schedule, runnable),
    action(shareIcon, trans.__('Publish report'), actions.publish, runnable),
    action(historyIcon, trans.__('History'), actions.history, !isFolder(object)),
    action(deleteIcon, trans.__('Drop'), actions.drop)
  ];
}

function rowsOf(object: IObject, trans: TranslationBundle): [string, string][] {
  return [
    [trans.__('Kind'), object.kind],
    [trans.__('Size'), isFolder(object) ? '' : formatSize(object.size)],
    [trans.__('Revision'), isFolder(object) ? '' : String(object.revision)],
    [trans.__('Tags'), object.tags.join(', ')],
    [trans.__('Modified'), formatTime(object.modified)],
    [trans.__('Created'), formatTime(object.created)],
    [trans.__('Owner'), object.owner],
    ...Object.entries(object.attributes).map(([key, value]): [string, string] => [
      key,
      formatAttribute(value ?? null)
    ])
  ];
}
