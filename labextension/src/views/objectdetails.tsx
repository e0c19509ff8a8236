import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import { Button, closeIcon, deleteIcon, notebookIcon, shareIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IObject } from '../client/objects';
import { isFolder } from '../client/objects';
import { clusterIcon, scheduleIcon } from '../icons';
import { formatSize, formatTime } from './format';
import { IconButton } from './iconbutton';

/** What can be done with an object. */
export interface IObjectActions {
  open: (object: IObject) => void;
  run: (object: IObject) => void;
  schedule: (object: IObject) => void;
  publish: (object: IObject) => void;
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
      <ObjectButtons {...props} />
      <dl className="jp-Omega-details">
        {rowsOf(object, trans).map(([term, value]) => (
          <React.Fragment key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
      </dl>
    </section>
  );
}

function ObjectButtons({ object, actions, trans }: IObjectDetailsProps): JSX.Element {
  const notebook = object.kind === 'notebook' && object.path !== null;
  const buttons: [boolean, LabIcon, string, (object: IObject) => void][] = [
    [object.path !== null && !isFolder(object), notebookIcon, trans.__('Open'), actions.open],
    [notebook, clusterIcon, trans.__('Run on cluster'), actions.run],
    [notebook, scheduleIcon, trans.__('Schedule'), actions.schedule],
    [notebook, shareIcon, trans.__('Publish report'), actions.publish],
    [true, deleteIcon, trans.__('Drop'), actions.drop]
  ];
  return (
    <div className="jp-Omega-actions">
      {buttons.map(([wanted, icon, label, act]) =>
        wanted ? (
          <Button
            key={label}
            minimal
            small
            className="jp-Omega-textButton"
            onClick={() => act(object)}
          >
            <icon.react tag="span" width="14px" height="14px" />
            {label}
          </Button>
        ) : null
      )}
    </div>
  );
}

function rowsOf(object: IObject, trans: TranslationBundle): [string, string][] {
  const rows: [string, string][] = [
    [trans.__('Kind'), object.kind],
    [trans.__('Size'), isFolder(object) ? '' : formatSize(object.size)],
    [trans.__('Revision'), isFolder(object) ? '' : String(object.revision)],
    [trans.__('Modified'), formatTime(object.modified)],
    [trans.__('Created'), formatTime(object.created)],
    [trans.__('Owner'), object.owner],
    ...Object.entries(object.attributes).map(([key, value]): [string, string] => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value)
    ])
  ];
  return rows.filter(([, value]) => value !== '');
}
