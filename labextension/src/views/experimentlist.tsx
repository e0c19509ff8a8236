import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, HTMLSelect, tableRowsIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IExperiment } from '../client/experiments';
import { experimentIcon } from '../icons';
import type { ExperimentsModel, ExperimentSort } from '../models/experiments';
import { Ago } from './ago';
import { Actions, Card, Details } from './card';
import { formatTime } from './format';
import { useSignal } from './hooks';
import { EntryList } from './listing';
import { Empty } from './states';

/** What can be done with an experiment. */
export interface IExperimentActions {
  compare: (experiment: IExperiment) => void;
  drop: (experiment: IExperiment) => void;
}

export interface IExperimentListProps {
  model: ExperimentsModel;
  actions: IExperimentActions;
  trans: TranslationBundle;
}

/** The experiments, the one with the newest run first. */
export function ExperimentList({ model, actions, trans }: IExperimentListProps): JSX.Element {
  useSignal(model.changed);
  return (
    <div className="jp-Omega-section">
      {model.total > 1 && (
        <div className="jp-Omega-filters">
          <HTMLSelect
            aria-label={trans.__('Sort experiments')}
            value={model.sort}
            options={[
              { value: 'newest', label: trans.__('Newest run first') },
              { value: 'name', label: trans.__('By name') }
            ]}
            onChange={event => void model.setSort(event.target.value as ExperimentSort)}
          />
        </div>
      )}
      <div className="jp-Omega-scroll">
        <EntryList
          model={model}
          label={trans.__('Experiments')}
          loading={trans.__('Loading experiments…')}
          empty={
            <Empty
              title={trans.__('No experiments yet')}
              hint={trans.__(
                'In a notebook or script, “with om.runtime.experiment("name") as exp: exp.log_metric("loss", 0.3)” begins one; its runs are then compared here.'
              )}
            />
          }
          entry={(experiment, reachable) => (
            <ExperimentCard
              key={experiment.name}
              experiment={experiment}
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

interface IExperimentCardProps {
  experiment: IExperiment;
  reachable: boolean;
  actions: IExperimentActions;
  trans: TranslationBundle;
}

function ExperimentCard(props: IExperimentCardProps): JSX.Element {
  const { experiment, reachable, actions, trans } = props;
  const { name, runs, going, created_at: created, modified_at: modified } = experiment;
  const standing = going > 0 ? trans.__('%1 running or queued', going) : trans.__('all ended');
  return (
    <Card
      className="jp-Omega-experimentCard"
      id={name}
      icon={experimentIcon}
      name={name}
      label={trans.__('%1: %2', name, standing)}
      badge={trans._n('%1 run', '%1 runs', runs)}
      reachable={reachable}
      details={() => (
        <Details
          rows={[
            [trans.__('Name'), name],
            [trans.__('Bucket'), experiment.bucket],
            [trans.__('First run'), formatTime(created)],
            [trans.__('Newest run'), formatTime(modified)]
          ]}
        />
      )}
      trans={trans}
    >
      <div className="jp-Omega-entryLine">
        <span>{standing}</span>
        <Ago time={modified} />
      </div>
      <Actions
        reachable={reachable}
        actions={[
          {
            icon: tableRowsIcon,
            label: trans.__('Compare'),
            act: () => actions.compare(experiment)
          },
          {
            icon: closeIcon,
            label: trans.__('Forget…'),
            act: () => actions.drop(experiment),
            disabled: going > 0,
            title: going > 0 ? trans.__('While a run goes on it cannot be forgotten') : undefined
          }
        ]}
      />
    </Card>
  );
}
