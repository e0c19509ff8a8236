import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ListModel } from '../models/list';
import { useRoving } from './hooks';
import { Failed, Loading, More, Outdated } from './states';

export interface IListingProps<T> {
  model: ListModel<T>;
  /** What is said while it loads. */
  loading: string;
  /** What is said when there is nothing. */
  empty: JSX.Element;
  children: React.ReactNode;
  trans: TranslationBundle;
}

/** A listing in whatever state it is: it loads, it failed, there is nothing, there is more. */
export function Listing<T>(props: IListingProps<T>): JSX.Element {
  const { model, trans } = props;
  const { error } = model;
  const retry = (): void => void model.refresh();
  if (model.loading) {
    return <Loading label={props.loading} />;
  }
  if (model.items.length === 0) {
    return error === null ? props.empty : <Failed message={error} retry={retry} trans={trans} />;
  }
  return (
    <>
      {error !== null && <Outdated message={error} retry={retry} trans={trans} />}
      {props.children}
      <More
        shown={model.items.length}
        total={model.total}
        more={() => void model.more()}
        trans={trans}
      />
    </>
  );
}

export interface IEntryListProps<T> extends Omit<IListingProps<T>, 'children'> {
  /** What the entries are, for those who do not see. */
  label: string;
  /** Draw one; Tab reaches that which is `reachable`. */
  entry: (item: T, reachable: boolean) => JSX.Element;
}

/** A listing whose entries are cards: Tab comes to one of them, arrows go to the others. */
export function EntryList<T>(props: IEntryListProps<T>): JSX.Element {
  const { items } = props.model;
  const roving = useRoving(items.length);
  return (
    <Listing {...props}>
      <ul
        className="jp-Omega-entries"
        aria-label={props.label}
        onKeyDown={roving.onKeyDown}
        onFocus={roving.onFocus}
      >
        {items.map((item, index) => props.entry(item, index === roving.current))}
      </ul>
    </Listing>
  );
}
