import type { TranslationBundle } from '@jupyterlab/translation';
import { InputGroup } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RepositoryModel } from '../models/repository';
import { Breadcrumbs } from './breadcrumbs';
import { useSignal } from './hooks';
import { storeHint, storeLabel } from './kinds';
import { Listing } from './listing';
import type { IObjectActions } from './objectdetails';
import { ObjectDetails } from './objectdetails';
import { enter, ObjectList } from './objectlist';
import { Empty } from './states';
import { StoreTabs } from './storetabs';

const LIST_ID = 'jp-Omega-objects';
const TYPING = 250;

export interface IBrowserProps {
  model: RepositoryModel;
  actions: IObjectActions;
  trans: TranslationBundle;
}

/** The repository: its stores, their folders, and what is known about an object. */
export function Browser(props: IBrowserProps): JSX.Element {
  const { model, actions, trans } = props;
  useSignal(model.changed);
  const { selected } = model;
  const section = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    // Its details have taken room from the list.
    section.current?.querySelector('[aria-selected="true"][data-name]')?.scrollIntoView({
      block: 'nearest'
    });
  }, [selected?.name]);
  return (
    <div
      ref={section}
      className="jp-Omega-section"
      onClickCapture={useDoubleClick(props)}
      onKeyDown={event => {
        if (event.key === 'Escape' && selected) {
          event.stopPropagation();
          model.select(null);
        }
      }}
    >
      <StoreTabs
        current={model.store}
        controls={LIST_ID}
        open={store => void model.open(store)}
        trans={trans}
      />
      <Search model={model} trans={trans} />
      <Breadcrumbs
        root={storeLabel(model.store, trans)}
        folder={model.folder}
        open={folder => void model.open(model.store, folder)}
        trans={trans}
      />
      <div className="jp-Omega-scroll" id={LIST_ID} role="tabpanel">
        <Listing
          model={model}
          loading={trans.__('Loading…')}
          empty={<Nothing model={model} trans={trans} />}
          trans={trans}
        >
          <ObjectList model={model} actions={actions} trans={trans} />
        </Listing>
      </div>
      {selected && (
        <ObjectDetails
          object={selected}
          actions={actions}
          close={() => model.select(null)}
          trans={trans}
        />
      )}
    </div>
  );
}

/**
 * A double click is about the row that the first click was on. By the second one its details are
 * shown, and they may be where that row was.
 */
function useDoubleClick({ model, actions }: IBrowserProps): React.MouseEventHandler {
  const first = React.useRef<string | undefined>();
  return event => {
    if (event.detail === 1) {
      const row = (event.target as Element).closest<HTMLElement>('.jp-Omega-objects [data-name]');
      first.current = row?.dataset.name;
    } else if (event.detail > 1 && first.current !== undefined) {
      event.stopPropagation();
      event.preventDefault();
      const object = model.items.find(({ name }) => name === first.current);
      if (event.detail === 2 && object) {
        enter(object, model, actions);
      }
    }
  };
}

function Search({ model, trans }: { model: RepositoryModel; trans: TranslationBundle }) {
  const [text, setText] = React.useState(model.search);
  const place = `${model.store}:${model.folder}`;
  React.useEffect(() => setText(''), [place]);
  React.useEffect(() => {
    const timer = window.setTimeout(() => void model.setSearch(text.trim()), TYPING);
    return () => window.clearTimeout(timer);
  }, [model, text]);
  const label = model.folder
    ? trans.__('Search in %1', model.folder)
    : trans.__('Search in %1', storeLabel(model.store, trans).toLocaleLowerCase());
  return (
    <div className="jp-Omega-search">
      <InputGroup
        type="search"
        value={text}
        placeholder={label}
        aria-label={label}
        rightIcon="ui-components:search"
        onChange={event => setText(event.target.value)}
      />
    </div>
  );
}

function Nothing({ model, trans }: { model: RepositoryModel; trans: TranslationBundle }) {
  if (model.search) {
    return (
      <Empty
        title={trans.__('Nothing has “%1” in its name', model.search)}
        hint={trans.__('Search for less, or in another store.')}
      />
    );
  }
  const store = storeLabel(model.store, trans);
  return (
    <Empty
      title={model.folder ? trans.__('This folder is empty') : trans.__('%1: nothing yet', store)}
      hint={storeHint(model.store, trans)}
    />
  );
}
