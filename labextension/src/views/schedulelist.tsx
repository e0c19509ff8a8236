import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ScheduleSort } from '../client/schedules';
import type { SchedulesModel } from '../models/schedules';
import type { StatusModel } from '../models/status';
import { useNow, useSignal } from './hooks';
import { EntryList } from './listing';
import type { IScheduleActions } from './schedulecard';
import { ScheduleCard } from './schedulecard';
import { Empty } from './states';

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
  const { model, status, actions, skew, trans } = props;
  useSignal(model.changed);
  useSignal(status.changed);
  const now = useNow(model.items.length > 0);
  const unserved = status.error === null && status.current?.scheduler === null;
  return (
    <div className="jp-Omega-section">
      {model.total > 1 && <Order model={model} trans={trans} />}
      {unserved && model.total > 0 && (
        <div className="jp-Omega-notice jp-Omega-unserved" role="status">
          {trans.__('No scheduler is alive: nothing is run by itself. Start one: omega scheduler')}
        </div>
      )}
      <div className="jp-Omega-scroll">
        <EntryList
          model={model}
          loading={trans.__('Loading schedules…')}
          empty={
            <Empty
              title={trans.__('Nothing is scheduled yet')}
              hint={trans.__(
                'Right-click a notebook in the file browser and choose “Schedule…”: it is then run by itself, for example on weekdays at 6:00.'
              )}
            />
          }
          trans={trans}
          label={trans.__('Schedules')}
          entry={(schedule, reachable) => (
            <ScheduleCard
              key={schedule.id}
              schedule={schedule}
              lastRun={model.lastRun(schedule)}
              now={now + skew()}
              reachable={reachable}
              actions={actions}
              trans={trans}
            />
          )}
        />
      </div>
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
