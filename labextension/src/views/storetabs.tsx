import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { StoreName } from '../client/objects';
import { STORES } from '../client/objects';
import { storeLabel } from './kinds';

export interface IStoreTabsProps {
  current: StoreName;
  /** The id of what the tabs switch. */
  controls: string;
  open: (store: StoreName) => void;
  trans: TranslationBundle;
}

/** The four stores of the repository; the arrow keys go from one to the next. */
export function StoreTabs({ current, controls, open, trans }: IStoreTabsProps): JSX.Element {
  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      const next = (STORES.indexOf(current) + step + STORES.length) % STORES.length;
      open(STORES[next]);
      (event.currentTarget.children[next] as HTMLElement).focus();
    }
  };
  return (
    <div
      className="jp-Omega-tabs"
      role="tablist"
      aria-label={trans.__('Store')}
      onKeyDown={onKeyDown}
    >
      {STORES.map(store => (
        <button
          key={store}
          type="button"
          role="tab"
          className="jp-Omega-tab"
          aria-selected={store === current}
          aria-controls={controls}
          tabIndex={store === current ? 0 : -1}
          onClick={() => open(store)}
        >
          {storeLabel(store, trans)}
        </button>
      ))}
    </div>
  );
}
