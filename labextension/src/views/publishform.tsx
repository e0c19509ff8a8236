import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Access } from '../client/reports';
import { liveLinkOf } from '../client/reports';
import type { Publication } from '../models/publication';
import { Check } from './check';
import { useSignal } from './hooks';
import { Refusal } from './states';

export interface IPublishFormProps {
  publication: Publication;
  trans: TranslationBundle;
}

/** Who may read a report, and how it is shown. */
export function PublishForm({ publication, trans }: IPublishFormProps): JSX.Element {
  useSignal(publication.changed);
  const { options, existing, hasGoodRun, refusal } = publication;
  const live = existing && liveLinkOf(existing);
  return (
    <div className="jp-Omega-form">
      <p className="jp-Omega-hint">{intro(publication, trans)}</p>
      {live && (
        <p className="jp-Omega-hint">
          {trans.__('Live:')}{' '}
          <a href={live} target="_blank" rel="noopener noreferrer">
            {live}
          </a>
        </p>
      )}
      <fieldset className="jp-Omega-choices">
        <legend>{trans.__('Who can open the link')}</legend>
        {accessChoices(trans).map(([access, label, hint]) => (
          <label key={access}>
            <input
              type="radio"
              name="jp-Omega-access"
              checked={options.access === access}
              onChange={() => publication.choose({ access })}
            />
            <span>
              {label}
              <span className="jp-Omega-hint">{hint}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Check
        label={trans.__('Hide the code')}
        hint={trans.__('Only text, tables and plots are shown.')}
        checked={options.hide_code}
        set={hide_code => publication.choose({ hide_code })}
      />
      <Check
        label={trans.__('Also live')}
        hint={trans.__('Signed-in people can open the notebook in Voila, with working widgets.')}
        checked={options.live}
        set={live => publication.choose({ live })}
      />
      {!hasGoodRun && !existing && (
        <p className="jp-Omega-notice">
          {trans.__('No run of this notebook has succeeded yet: it is run first.')}
        </p>
      )}
      <Refusal message={refusal} />
    </div>
  );
}

function accessChoices(trans: TranslationBundle): [Access, string, string][] {
  return [
    [
      'signed-in',
      trans.__('People signed in'),
      trans.__('Whoever may use this server, after signing in to it.')
    ],
    [
      'anyone',
      trans.__('Anyone with the link'),
      trans.__('No sign-in: whoever gets hold of the link reads this page.')
    ]
  ];
}

function intro({ existing }: Publication, trans: TranslationBundle): string {
  return existing
    ? trans.__('Published at %1. The link stays the same.', existing.url)
    : trans.__(
        'The link shows the result of the last run that succeeded, and follows later runs.'
      );
}
