import type { TranslationBundle } from '@jupyterlab/translation';
import { undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { StoreName } from '../client/objects';
import type { IDropped } from '../client/trash';
import type { TrashModel } from '../models/trash';
import { Actions, Card, Details } from './card';
import { formatAgo, formatSize, formatTime } from './format';
import { useSignal } from './hooks';
import { iconOf, storeLabel } from './kinds';
import { EntryList } from './listing';
import { Empty } from './states';
import { StoreTabs } from './storetabs';

const LIST_ID = 'jp-Omega-dropped';

/** What can be done with what was dropped. */
export interface ITrashActions {
  restore: (store: StoreName, dropped: IDropped) => void;
}

export interface ITrashListProps {
  model: TrashModel;
  actions: ITrashActions;
  trans: TranslationBundle;
}

/** What was dropped and can be put back, newest first. */
export function TrashList({ model, actions, trans }: ITrashListProps): JSX.Element {
  useSignal(model.changed);
  const store = storeLabel(model.store, trans);
  return (
    <div className="jp-Omega-section">
      <StoreTabs
        current={model.store}
        controls={LIST_ID}
        open={next => void model.open(next)}
        trans={trans}
      />
      <div className="jp-Omega-scroll" id={LIST_ID} role="tabpanel">
        {model.items.length > 0 && (
          <p className="jp-Omega-hint jp-Omega-trashHint">
            {trans.__(
              'What is dropped can be put back with all its revisions, until “omega gc” removes it for good: by default after thirty days.'
            )}
          </p>
        )}
        <EntryList
          model={model}
          label={trans.__('Dropped')}
          loading={trans.__('Loading…')}
          empty={
            <Empty
              title={trans.__('%1: nothing in the trash', store)}
              hint={trans.__('What you drop can be put back from here.')}
            />
          }
          entry={(dropped, reachable) => (
            <DroppedCard
              key={dropped.id}
              dropped={dropped}
              store={model.store}
              reachable={reachable}
              actions={actions}
              trans={trans}
            />
          )}
          trans={trans}
        />
      </div>
    </div>
  );
}

interface IDroppedCardProps {
  dropped: IDropped;
  store: StoreName;
  reachable: boolean;
  actions: ITrashActions;
  trans: TranslationBundle;
}

function DroppedCard(props: IDroppedCardProps): JSX.Element {
  const { dropped, store, reachable, actions, trans } = props;
  const { id, name, kind, size, dropped: time, dropped_by: by } = dropped;
  const rows: [string, string][] = [
    [trans.__('Name'), name],
    [trans.__('Kind'), kind],
    [trans.__('Size'), formatSize(size)],
    [trans.__('Revision'), kind === 'folder' ? '' : String(dropped.revision)],
    [trans.__('Dropped'), formatTime(time)],
    [trans.__('Dropped by'), by]
  ];
  return (
    <Card
      className="jp-Omega-droppedCard"
      id={id}
      icon={iconOf({ kind, store })}
      name={name}
      label={trans.__('%1, dropped %2', name, formatAgo(time))}
      reachable={reachable}
      details={() => <Details rows={rows} />}
      trans={trans}
    >
      <div className="jp-Omega-entryLine">
        <span>{by ? trans.__('%1 · by %2', formatSize(size), by) : formatSize(size)}</span>
        <time dateTime={time} title={formatTime(time)}>
          {formatAgo(time)}
        </time>
      </div>
      <Actions
        actions={[
          {
            icon: undoIcon,
            label: trans.__('Restore'),
            act: () => actions.restore(store, dropped)
          }
        ]}
        reachable={reachable}
      />
    </Card>
  );
}
