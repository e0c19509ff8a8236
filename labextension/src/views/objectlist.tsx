import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IObject, SortField } from '../client/objects';
import { isFolder } from '../client/objects';
import type { RepositoryModel } from '../models/repository';
import { Ago } from './ago';
import { formatSize } from './format';
import { useRoving } from './hooks';
import { iconOf } from './kinds';
import type { IObjectActions } from './objectdetails';
import { SortHead } from './sorthead';
import { Tags } from './tags';

export interface IObjectListProps {
  model: RepositoryModel;
  actions: IObjectActions;
  trans: TranslationBundle;
}

/** What is in a folder, as a table: arrows move, Enter opens, Backspace goes up. */
export function ObjectList({ model, actions, trans }: IObjectListProps): JSX.Element {
  const roving = useRoving(model.items.length);
  const columns: [SortField, string][] = [
    ['kind', trans.__('Kind')],
    ['name', trans.__('Name')],
    ['size', trans.__('Size')],
    ['modified', trans.__('Modified')]
  ];
  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>): void => {
    if (event.key === 'Backspace' && model.folder) {
      event.preventDefault();
      void model.open(model.store, model.folder.replace(/(^|\/)[^/]*$/, ''));
    } else {
      roving.onKeyDown(event);
    }
  };
  return (
    <table className="jp-Omega-objects" role="grid" aria-label={trans.__('Objects')}>
      <SortHead
        columns={columns}
        sort={model.sort}
        descending={model.descending}
        sortBy={column => void model.setSort(column)}
        trans={trans}
      />
      <tbody onKeyDown={onKeyDown} onFocus={roving.onFocus}>
        {model.items.map((object, index) => (
          <Row
            key={object.name}
            object={object}
            model={model}
            actions={actions}
            reachable={index === roving.current}
            trans={trans}
          />
        ))}
      </tbody>
    </table>
  );
}

/** Go into a folder, or open what can be opened. */
export function enter(object: IObject, model: RepositoryModel, actions: IObjectActions): void {
  if (isFolder(object)) {
    void model.open(object.store, object.name);
  } else {
    actions.open(object);
  }
}

interface IRowProps extends IObjectListProps {
  object: IObject;
  reachable: boolean;
}

function Row({ object, model, actions, reachable, trans }: IRowProps): JSX.Element {
  const Icon = iconOf(object);
  const selected = model.selected?.name === object.name;
  const cut = object.name.lastIndexOf('/');
  return (
    <tr
      data-entry=""
      data-name={object.name}
      tabIndex={reachable ? 0 : -1}
      aria-selected={selected}
      onClick={() => model.select(object.name)}
      onKeyDown={event => {
        if (event.key === 'Enter' && (isFolder(object) || object.path !== null)) {
          enter(object, model, actions);
        } else if (event.key === ' ' || event.key === 'Enter') {
          event.preventDefault();
          model.select(selected ? null : object.name);
        } else if (event.key === 'Delete') {
          actions.drop(object);
        }
      }}
    >
      <td data-column="kind" title={object.kind}>
        <Icon.react tag="span" width="16px" height="16px" />
      </td>
      <td data-column="name" title={object.name}>
        <bdi>{object.name.slice(cut + 1)}</bdi>
        <Tags tags={object.tags} trans={trans} />
        {model.search && cut > 0 && (
          <span className="jp-Omega-place"> {object.name.slice(0, cut)}</span>
        )}
      </td>
      <td data-column="size">{isFolder(object) ? '' : formatSize(object.size)}</td>
      <td data-column="modified">
        <Ago time={object.modified} />
      </td>
    </tr>
  );
}
