import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface IOriginLineProps {
  /** The path of the notebook that was run. */
  job: string;
  /** Its parameters, in a line; empty where there were none. */
  given: string;
  open: () => void;
  trans: TranslationBundle;
}

/** What a notebook is that a run has left. */
export function OriginLine({ job, given, open, trans }: IOriginLineProps): JSX.Element {
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
    </div>
  );
}
