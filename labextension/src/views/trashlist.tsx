import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IDropped, ITrashPlace } from '../client/trash';
import type { StatusModel } from '../models/status';
import type { TrashModel } from '../models/trash';
import { Ago } from './ago';
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
  restore: (place: ITrashPlace, dropped: IDropped) => void;
}

export interface ITrashListProps {
  model: TrashModel;
  /** Tells which other buckets are shown. */
  status: Pick<StatusModel, 'current' | 'changed'>;
  actions: ITrashActions;
  trans: TranslationBundle;
}

/** What was dropped and can be put back, newest first. */
export function TrashList({ model, status, actions, trans }: ITrashListProps): JSX.Element {
  useSignal(model.changed);
  useSignal(status.changed);
  const buckets = status.current?.buckets ?? {};
  const mayRestore = model.bucket === undefined || buckets[model.bucket] === 'write';
  const store = storeLabel(model.store, trans);
  return (
    <div className="jp-Omega-section">
      <StoreTabs
        current={model.store}
        controls={LIST_ID}
        open={next => void model.open(next)}
        trans={trans}
      />
      <Buckets model={model} names={Object.keys(buckets)} trans={trans} />
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
              place={{ store: model.store, bucket: model.bucket }}
              reachable={reachable}
              actions={mayRestore ? actions : null}
              trans={trans}
            />
          )}
          trans={trans}
        />
      </div>
    </div>
  );
}

interface IBucketsProps {
  model: TrashModel;
  names: readonly string[];
  trans: TranslationBundle;
}

/** Whose trash is shown, where the server shows more than one's own jobs. */
function Buckets({ model, names, trans }: IBucketsProps): JSX.Element | null {
  if (model.store !== 'jobs' || names.length === 0) {
    return null;
  }
  return (
    <div className="jp-Omega-filters">
      <HTMLSelect
        aria-label={trans.__('Bucket whose trash is shown')}
        value={model.bucket ?? ''}
        options={[
          { value: '', label: trans.__('Your bucket') },
          ...names.map(value => ({ value, label: trans.__('Bucket “%1”', value) }))
        ]}
        onChange={event => void model.open('jobs', event.target.value || undefined)}
      />
    </div>
  );
}

interface IDroppedCardProps {
  dropped: IDropped;
  place: ITrashPlace;
  reachable: boolean;
  /** Null where nothing may be put back. */
  actions: ITrashActions | null;
  trans: TranslationBundle;
}

function DroppedCard(props: IDroppedCardProps): JSX.Element {
  const { dropped, place, reachable, actions, trans } = props;
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
      icon={iconOf({ kind, store: place.store })}
      name={name}
      label={trans.__('%1, dropped %2', name, formatAgo(time))}
      reachable={reachable}
      details={() => <Details rows={rows} />}
      trans={trans}
    >
      <div className="jp-Omega-entryLine">
        <span>{by ? trans.__('%1 · by %2', formatSize(size), by) : formatSize(size)}</span>
        <Ago time={time} />
      </div>
      {actions && (
        <Actions
          actions={[
            {
              icon: undoIcon,
              label: trans.__('Restore'),
              act: () => actions.restore(place, dropped)
            }
          ]}
          reachable={reachable}
        />
      )}
    </Card>
  );
}
