import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PolledModel } from '../models/polled';
import { useSignal } from './hooks';
import { Failed, Loading } from './states';

export interface IPolledProps<T> {
  model: PolledModel;
  /** What the server has told, null before it has. */
  told: () => T | null;
  /** What is said while it loads. */
  loading: string;
  children: (told: T) => React.ReactNode;
  trans: TranslationBundle;
}

/** What a model knows, in whatever state it is: it loads, it failed, it is there. */
export function Polled<T>({
  model,
  told,
  loading,
  children,
  trans
}: IPolledProps<T>): JSX.Element {
  useSignal(model.changed);
  const known = told();
  const failed = model.error !== null && (
    <Failed message={model.error} retry={() => void model.refresh()} trans={trans} />
  );
  if (known === null) {
    return failed || <Loading label={loading} />;
  }
  return (
    <div className="jp-Omega-section">
      {failed}
      {children(known)}
    </div>
  );
}
