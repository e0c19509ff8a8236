import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useRovingRow } from './hooks';

export interface ISortHeadProps<T extends string> {
  /** The columns from left to right; what has no label cannot be sorted by. */
  columns: [T, string][];
  sort: T;
  descending: boolean;
  sortBy: (column: T) => void;
  trans: TranslationBundle;
}

/**
 * The head of a table: each column's name is the button that sorts by it. Tab reaches one of them,
 * the arrows the others.
 */
export function SortHead<T extends string>(props: ISortHeadProps<T>): JSX.Element {
  const { columns, sort, descending, sortBy, trans } = props;
  const Caret = descending ? caretDownIcon : caretUpIcon;
  const roving = useRovingRow(columns.findIndex(([column]) => column === sort));
  return (
    <thead onKeyDown={roving.onKeyDown} onFocus={roving.onFocus}>
      <tr>
        {columns.map(([column, label], index) => (
          <th
            key={column}
            scope="col"
            data-column={column}
            aria-sort={sort !== column ? 'none' : descending ? 'descending' : 'ascending'}
          >
            <button
              type="button"
              tabIndex={index === roving.current ? 0 : -1}
              title={trans.__('Sort by %1', label.toLocaleLowerCase())}
              onClick={() => sortBy(column)}
            >
              <span className="jp-Omega-columnLabel">{label}</span>
              {sort === column && <Caret.react tag="span" width="12px" height="12px" />}
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}
