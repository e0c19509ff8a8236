import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IObject } from '../client/objects';
import type { HistoryModel, RevisionSort } from '../models/history';
import { Ago } from './ago';
import { formatSize } from './format';
import { useRoving, useSignal } from './hooks';
import { Listing } from './listing';
import { SortHead } from './sorthead';
import { Empty } from './states';
import { Tags } from './tags';

export interface IRevisionListProps {
  model: HistoryModel;
  trans: TranslationBundle;
}

/** What an object was, as a table: arrows move, Enter looks at one. */
export function RevisionList({ model, trans }: IRevisionListProps): JSX.Element {
  useSignal(model.changed);
  const roving = useRoving(model.items.length);
  const columns: [RevisionSort, string][] = [
    ['revision', trans.__('Revision')],
    ['modified', trans.__('Saved')],
    ['owner', trans.__('By')],
    ['size', trans.__('Size')]
  ];
  return (
    <div className="jp-Omega-section">
      <div className="jp-Omega-scroll">
        <Listing
          model={model}
          loading={trans.__('Loading revisions…')}
          empty={
            <Empty
              title={trans.__('There are no revisions')}
              hint={trans.__('Each save makes one.')}
            />
          }
          trans={trans}
        >
          <table
            className="jp-Omega-objects jp-Omega-revisions"
            role="grid"
            aria-label={trans.__('Revisions of %1', model.name)}
          >
            <SortHead
              columns={columns}
              sort={model.sort}
              descending={model.descending}
              sortBy={column => model.setSort(column)}
              trans={trans}
            />
            <tbody onKeyDown={roving.onKeyDown} onFocus={roving.onFocus}>
              {model.sorted.map((item, index) => (
                <Row
                  key={item.revision}
                  item={item}
                  model={model}
                  reachable={index === roving.current}
                  trans={trans}
                />
              ))}
            </tbody>
          </table>
        </Listing>
      </div>
    </div>
  );
}

interface IRowProps extends IRevisionListProps {
  item: IObject;
  reachable: boolean;
}

function Row({ item, model, reachable, trans }: IRowProps): JSX.Element {
  const { revision } = item;
  const select = (): void => model.select(revision);
  return (
    <tr
      data-entry=""
      data-revision={revision}
      data-base={model.base?.revision === revision}
      tabIndex={reachable ? 0 : -1}
      aria-selected={model.selected?.revision === revision}
      onClick={select}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          select();
        }
      }}
    >
      <td data-column="revision">
        {revision}
        {model.newest?.revision === revision && (
          <span className="jp-Omega-place"> {trans.__('newest')}</span>
        )}
        <Tags tags={item.tags} trans={trans} />
      </td>
      <td data-column="modified">
        <Ago time={item.modified} />
      </td>
      <td data-column="owner" title={item.owner}>
        {item.owner}
      </td>
      <td data-column="size">{formatSize(item.size)}</td>
    </tr>
  );
}
