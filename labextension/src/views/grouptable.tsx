import type { TranslationBundle } from '@jupyterlab/translation';
import { notebookIcon, redoIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IGroup, IGroupRow, IGroupTable } from '../client/groups';
import { countFailed } from '../client/groups';
import type { GroupColumn, GroupModel } from '../models/groups';
import { Actions } from './card';
import { formatDuration, formatValue } from './format';
import { GroupBar, groupStanding } from './groupcard';
import { useRoving } from './hooks';
import { IconButton } from './iconbutton';
import { Polled } from './polled';
import { SortHead } from './sorthead';
import { STATUS_ICONS, statusLabel } from './status';

export interface IGroupTableActions {
  cancel: (group: IGroup) => void;
  retry: (group: IGroup) => void;
  openResult: (row: IGroupRow) => void;
}

export interface IGroupTableProps {
  model: GroupModel;
  actions: IGroupTableActions;
  trans: TranslationBundle;
}

/** The runs of a group below each other, to be compared and sorted. */
export function GroupTable(props: IGroupTableProps): JSX.Element {
  const { model, trans } = props;
  return (
    <Polled
      model={model}
      told={() => model.table}
      loading={trans.__('Loading runs…')}
      trans={trans}
    >
      {table => (
        <>
          <Head {...props} table={table} />
          <div className="jp-Omega-compared">
            <Rows {...props} table={table} />
          </div>
        </>
      )}
    </Polled>
  );
}

interface IWithTable extends IGroupTableProps {
  table: IGroupTable;
}

function Head({ table, actions, trans }: IWithTable): JSX.Element {
  const { group } = table;
  const failed = countFailed(group);
  return (
    <div className="jp-Omega-groupHead">
      <h2>
        <bdi>{group.title}</bdi>
      </h2>
      <span aria-live="polite">{groupStanding(group, trans)}</span>
      <Actions
        actions={[
          group.unfinished > 0 && {
            icon: stopIcon,
            label: trans.__('Cancel all'),
            act: () => actions.cancel(group),
            disabled: group.cancel_requested
          },
          failed > 0 && {
            icon: redoIcon,
            label: trans._n('Run %1 again', 'Run %1 again', failed),
            act: () => actions.retry(group)
          }
        ]}
      />
      <GroupBar group={group} trans={trans} />
    </div>
  );
}

function Rows({ model, table, actions, trans }: IWithTable): JSX.Element {
  const { parameters, recorded, about } = table.columns;
  const roving = useRoving(table.rows.length);
  const columns: [GroupColumn, string][] = [
    ['place', '#'],
    ...parameters.map((name): [GroupColumn, string] => [`p:${name}`, name]),
    ...recorded.map((name): [GroupColumn, string] => [`r:${name}`, name]),
    ...(about.includes('job') ? [['job', trans.__('Notebook')] as [GroupColumn, string]] : []),
    ['status', trans.__('Status')],
    ['seconds', trans.__('Took')],
    ['error', trans.__('Error')]
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
        {model.rows.map((row, index) => (
          <tr
            key={row.run}
            data-entry=""
            data-run={row.run}
            data-status={row.status}
            tabIndex={index === roving.current ? 0 : -1}
            onDoubleClick={() => row.result_path !== null && actions.openResult(row)}
            onKeyDown={event => {
              const here = event.target === event.currentTarget;
              if (here && event.key === 'Enter' && row.result_path !== null) {
                actions.openResult(row);
              }
            }}
          >
            {columns.map(([column]) => (
              <td key={column} data-column={column}>
                <Cell
                  row={row}
                  column={column}
                  reachable={index === roving.current}
                  actions={actions}
                  trans={trans}
                />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ICellProps {
  row: IGroupRow;
  column: GroupColumn;
  /** Whether Tab reaches what is in it. */
  reachable: boolean;
  actions: IGroupTableActions;
  trans: TranslationBundle;
}

function Cell({ row, column, reachable, actions, trans }: ICellProps): JSX.Element {
  const Icon = STATUS_ICONS[row.status];
  if (column === 'place') {
    return <>{(row.place ?? 0) + 1}</>;
  }
  if (column === 'status') {
    return (
      <span className="jp-Omega-cellStatus">
        <Icon.react tag="span" width="14px" height="14px" />
        {statusLabel(row.status, trans)}
        {row.result_path !== null && (
          <IconButton
            icon={notebookIcon}
            label={trans.__('Open result of run %1', (row.place ?? 0) + 1)}
            tabIndex={reachable ? 0 : -1}
            onClick={() => actions.openResult(row)}
          />
        )}
      </span>
    );
  }
  if (column === 'seconds') {
    return <>{row.seconds === null ? '' : formatDuration(row.seconds, trans)}</>;
  }
  if (column === 'error' || column === 'job') {
    const text = row[column] ?? '';
    return <span title={text}>{text}</span>;
  }
  const values = column.startsWith('p:') ? row.parameters : row.recorded;
  return <bdi>{formatValue(values[column.slice(2)])}</bdi>;
}
