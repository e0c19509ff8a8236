import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ScheduleSort } from '../client/schedules';
import type { SchedulesModel } from '../models/schedules';
import type { StatusModel } from '../models/status';
import { useNow, useRoving, useSignal } from './hooks';
import type { IScheduleActions } from './schedulecard';
import { ScheduleCard } from './schedulecard';
import { Empty, Failed, Loading, More } from './states';

export interface IScheduleListProps {
  model: SchedulesModel;
  status: StatusModel;
  actions: IScheduleActions;
  /** Milliseconds that the server's clock is ahead. */
  skew: () => number;
  trans: TranslationBundle;
}

/** The schedules, the one that is due next first. */
export function ScheduleList(props: IScheduleListProps): JSX.Element {
  const { model, status, trans } = props;
  useSignal(model.changed);
  useSignal(status.changed);
  const unserved = status.error === null && status.current?.scheduler === null;
  return (
    <div className="jp-Omega-section">
      {model.total > 1 && <Order model={model} trans={trans} />}
      {model.error !== null && (
        <Failed message={model.error} retry={() => void model.refresh()} trans={trans} />
      )}
      {unserved && model.total > 0 && (
        <div className="jp-Omega-notice jp-Omega-unserved" role="status">
          {trans.__('No scheduler is alive: nothing is run by itself. Start one: omega scheduler')}
        </div>
      )}
      {model.loading ? <Loading label={trans.__('Loading schedules…')} /> : <Cards {...props} />}
    </div>
  );
}

type IOrderProps = Pick<IScheduleListProps, 'model' | 'trans'>;

function Order({ model, trans }: IOrderProps): JSX.Element {
  return (
    <div className="jp-Omega-filters">
      <HTMLSelect
        aria-label={trans.__('Sort schedules')}
        value={model.sort}
        options={[
          { value: 'next_due', label: trans.__('Next due first') },
          { value: 'job', label: trans.__('By notebook') }
        ]}
        onChange={event => void model.setSort(event.target.value as ScheduleSort)}
      />
    </div>
  );
}

function Cards({ model, actions, skew, trans }: IScheduleListProps): JSX.Element {
  const now = useNow(model.items.length > 0);
  const roving = useRoving(model.items.length);
  if (model.items.length === 0) {
    return model.error !== null ? (
      <></>
    ) : (
      <Empty
        title={trans.__('Nothing is scheduled yet')}
        hint={trans.__(
          'Right-click a notebook in the file browser and choose “Schedule…”: it is then run by itself, for example on weekdays at 6:00.'
        )}
      />
    );
  }
  return (
    <>
      <ul
        className="jp-Omega-runs"
        aria-label={trans.__('Schedules')}
        onKeyDown={roving.onKeyDown}
        onFocus={roving.onFocus}
      >
        {model.items.map((schedule, index) => (
          <ScheduleCard
            key={schedule.id}
            schedule={schedule}
            lastRun={model.lastRun(schedule)}
            now={now + skew()}
            reachable={index === roving.current}
            actions={actions}
            trans={trans}
          />
        ))}
      </ul>
      <More
        shown={model.items.length}
        total={model.total}
        more={() => void model.more()}
        trans={trans}
      />
    </>
  );
}
