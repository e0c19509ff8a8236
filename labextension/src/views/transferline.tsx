import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ITransfer, Transfers } from '../models/transfers';
import { formatSize } from './format';
import { useSignal } from './hooks';

/** In one line what is being opened or saved; nothing while nothing large is. */
export function TransferLine(props: {
  model: Transfers;
  trans: TranslationBundle;
}): JSX.Element | null {
  useSignal(props.model.changed);
  const [first, ...others] = props.model.shown;
  const text = first ? told(first, props.trans) : '';
  return (
    <div className="jp-Omega-transfer" role="status" title={first?.path} hidden={!first}>
      <span className="jp-Omega-spinner" aria-hidden="true" />
      <span>{others.length ? props.trans.__('%1 (and %2 more)', text, others.length) : text}</span>
    </div>
  );
}

function told(transfer: ITransfer, trans: TranslationBundle): string {
  const name = transfer.path.split('/').pop() ?? transfer.path;
  const what = transfer.size === null ? name : `${name} (${formatSize(transfer.size)})`;
  return transfer.way === 'open' ? trans.__('Opening %1…', what) : trans.__('Saving %1…', what);
}
