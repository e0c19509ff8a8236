import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, notebookIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IComparedRun, IComparison } from '../client/experiments';
import type { ExperimentModel, RunColumn } from '../models/experiment';
import { MOST_LINES } from '../models/experiment';
import { Ago } from './ago';
import { Chart } from './chart';
import { Check } from './check';
import { formatDuration, formatMetric, formatValue } from './format';
import { useRoving, useSignal } from './hooks';
import { IconButton } from './iconbutton';
import { Polled } from './polled';
import { SortHead } from './sorthead';
import { Empty, More } from './states';
import { STATUS_ICONS, statusLabel } from './status';

export interface IExperimentTableProps {
  model: ExperimentModel;
  /** Show the notebook that a run of a job has executed. */
  openResult: (run: IComparedRun) => void;
  trans: TranslationBundle;
}

/** The runs of an experiment below each other, to be sorted and compared, and their courses. */
export function ExperimentTable(props: IExperimentTableProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  return model.missing ? (
    <Empty
      title={trans.__('There is no experiment “%1” (any more)', model.name)}
      hint={trans.__(
        'It was forgotten, or nothing was logged to it yet. As soon as a run is part of it, it is shown here.'
      )}
    />
  ) : (
    <Polled
      model={model}
      told={() => model.comparison}
      loading={trans.__('Loading runs…')}
      trans={trans}
    >
      {comparison => (
        <>
          <Head model={model} comparison={comparison} trans={trans} />
          <Course model={model} trans={trans} />
          <div className="jp-Omega-compared">
            <Rows {...props} />
            <More
              shown={model.rows.length}
              total={model.total}
              more={() => model.more()}
              trans={trans}
            />
          </div>
        </>
      )}
    </Polled>
  );
}

type IPartProps = Pick<IExperimentTableProps, 'model' | 'trans'>;

function Head({
  model,
  comparison,
  trans
}: IPartProps & { comparison: IComparison }): JSX.Element {
  const { runs, going, name } = comparison;
  const picked = model.compared.length;
  return (
    <div className="jp-Omega-groupHead">
      <h2>
        <bdi>{name}</bdi>
      </h2>
      <span aria-live="polite">
        {trans._n('%1 run', '%1 runs', runs)}
        {going > 0 && ` · ${trans.__('%1 running or queued', going)}`}
      </span>
      {picked > 0 ? (
        <Check
          label={trans.__('Only the %1 that are compared', picked)}
          checked={model.narrowed}
          set={checked => model.narrow(checked)}
        />
      ) : (
        runs > 1 && (
          <span className="jp-Omega-hint">
            {trans.__('Tick two or more runs to see where they differ')}
          </span>
        )
      )}
    </div>
  );
}

/** How a metric went, where it was logged more than once. */
function Course({ model, trans }: IPartProps): JSX.Element | null {
  const { metrics } = model.columns;
  const { metric, lines } = model;
  if (metric === null) {
    return null;
  }
  return (
    <div className="jp-Omega-course">
      <HTMLSelect
        aria-label={trans.__('Metric that is drawn')}
        value={metric}
        options={metrics.map(name => ({ value: name, label: name }))}
        onChange={event => void model.draw(event.target.value)}
      />
      {model.compared.length > MOST_LINES && (
        <span className="jp-Omega-hint">{trans.__('The first %1 are drawn', MOST_LINES)}</span>
      )}
      {lines.length > 0 ? (
        <Chart metric={metric} lines={lines} nameOf={({ run }) => runName(run)} trans={trans} />
      ) : (
        <span className="jp-Omega-hint">
          {trans.__('No run has logged it more than once: there is no course to draw')}
        </span>
      )}
    </div>
  );
}

function Rows({ model, openResult, trans }: IExperimentTableProps): JSX.Element {
  const { parameters, metrics } = model.columns;
  const { rows } = model;
  const roving = useRoving(rows.length);
  const columns: [RunColumn, string][] = [
    ['job', trans.__('Run')],
    ...parameters.map((name): [RunColumn, string] => [`p:${name}`, name]),
    ...metrics.map((name): [RunColumn, string] => [`m:${name}`, name]),
    ['status', trans.__('Status')],
    ['started_at', trans.__('Started')],
    ['duration', trans.__('Took')],
    ['owner', trans.__('By')]
  ];
  return (
    <table className="jp-Omega-objects" role="grid" aria-label={trans.__('Runs')}>
      <SortHead
        columns={columns}
        sort={model.sort}
        descending={model.descending}
        sortBy={column => model.sortBy(column)}
        trans={trans}
      />
      <tbody onKeyDown={roving.onKeyDown} onFocus={roving.onFocus}>
        {rows.map((row, index) => (
          <Row
            key={row.run}
            row={row}
            columns={columns.map(([column]) => column)}
            reachable={index === roving.current}
            model={model}
            openResult={openResult}
            trans={trans}
          />
        ))}
      </tbody>
    </table>
  );
}

interface IRowProps extends IExperimentTableProps {
  row: IComparedRun;
  columns: RunColumn[];
  /** Whether Tab reaches it. */
  reachable: boolean;
}

/** A run: Space picks it to be compared, Enter opens what it has made. */
function Row({ row, columns, reachable, ...props }: IRowProps): JSX.Element {
  const { model, openResult } = props;
  const picked = model.isPicked(row.run);
  return (
    <tr
      data-entry=""
      data-run={row.run}
      data-status={row.status}
      aria-selected={picked}
      tabIndex={reachable ? 0 : -1}
      onKeyDown={event => {
        if (event.target !== event.currentTarget) {
          return;
        }
        if (event.key === ' ') {
          event.preventDefault();
          model.pick(row.run, !picked);
        } else if (event.key === 'Enter' && row.kind === 'job') {
          openResult(row);
        }
      }}
    >
      {columns.map(column => (
        <td
          key={column}
          data-column={kindOf(column)}
          data-differs={picked && model.differs(column) ? '' : undefined}
        >
          <Cell row={row} column={column} reachable={reachable} {...props} />
        </td>
      ))}
    </tr>
  );
}

interface ICellProps extends IExperimentTableProps {
  row: IComparedRun;
  column: RunColumn;
  /** Whether Tab reaches what is in it. */
  reachable: boolean;
}

function Cell(props: ICellProps): JSX.Element {
  const { row, column, model, openResult, trans } = props;
  const tabIndex = props.reachable ? 0 : -1;
  const Icon = STATUS_ICONS[row.status];
  switch (column) {
    case 'job':
      return (
        <Check
          label={runName(row)}
          checked={model.isPicked(row.run)}
          tabIndex={tabIndex}
          set={checked => model.pick(row.run, checked)}
        />
      );
    case 'status':
      return (
        <span className="jp-Omega-cellStatus">
          <Icon.react tag="span" width="14px" height="14px" />
          {statusLabel(row.status, trans)}
          {row.kind === 'job' && row.duration !== null && (
            <IconButton
              icon={notebookIcon}
              label={trans.__('Open result of %1', runName(row))}
              tabIndex={tabIndex}
              onClick={() => openResult(row)}
            />
          )}
        </span>
      );
    case 'started_at':
      return row.started_at === null ? <></> : <Ago time={row.started_at} />;
    case 'duration':
      return <>{row.duration === null ? '' : formatDuration(row.duration, trans)}</>;
    case 'owner':
      return <bdi>{row.owner}</bdi>;
  }
  const name = column.slice(2);
  return (
    <bdi>
      {column.startsWith('p:')
        ? formatValue(row.parameters[name])
        : formatMetric(row.metrics[name])}
    </bdi>
  );
}

/** Parameters and metrics look alike, whatever they are called. */
function kindOf(column: RunColumn): string {
  return column.startsWith('p:') ? 'parameter' : column.startsWith('m:') ? 'metric' : column;
}

/** What a run is told from others by: what was run, and the beginning of its id. */
function runName({ job, run }: IComparedRun): string {
  const name = (job.split('/').pop() ?? '').replace(/\.ipynb$/, '');
  return `${name} ${run.slice(0, 6)}`.trim();
}
