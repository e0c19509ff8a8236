import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

import { useSignal } from './hooks';

/** A notebook whose reader has not trusted it yet, and what is not shown of it until then. */
export interface IUntrusted {
  /** Widgets run scripts: like all that does, they are texts in what nobody has trusted. */
  readonly hidesWidgets: boolean;
  readonly changed: ISignal<unknown, unknown>;
  trust: () => Promise<void>;
}

export interface IOriginLineProps {
  /** The path of the notebook that was run. */
  job: string;
  /** Its parameters, in a line; empty where there were none. */
  given: string;
  open: () => void;
  untrusted: IUntrusted;
  trans: TranslationBundle;
}

/** What a notebook is that a run has left. */
export function OriginLine(props: IOriginLineProps): JSX.Element {
  const { job, given, open, untrusted, trans } = props;
  useSignal(untrusted.changed);
  return (
    <div className="jp-Omega-originLine" role="note">
      {given && (
        <span className="jp-Omega-originGiven" title={given}>
          {given}
        </span>
      )}
      <span>
        {trans.__('The result of a run of %1. Changes here do not change that notebook.', job)}
      </span>
      <Button minimal small className="jp-Omega-textButton" onClick={open}>
        {trans.__('Open the notebook')}
      </Button>
      {untrusted.hidesWidgets && (
        <Button
          minimal
          small
          className="jp-Omega-textButton"
          title={trans.__('Widgets run scripts: they are texts until you trust the notebook.')}
          onClick={() => void untrusted.trust()}
        >
          {trans.__('Show its widgets…')}
        </Button>
      )}
    </div>
  );
}
