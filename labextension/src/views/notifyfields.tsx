import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IRecipient, Occasion } from '../client/recipients';
import type { NotifyForm } from '../models/notifyform';
import { useSignal } from './hooks';
import { IconButton } from './iconbutton';

const ID = 'jp-Omega-notify';

export interface INotifyFieldsProps {
  form: NotifyForm;
  /** Of which runs they are told. */
  of: string;
  trans: TranslationBundle;
}

/** Who is told when a run ends, folded away where nobody is. */
export function NotifyFields({ form, of, trans }: INotifyFieldsProps): JSX.Element {
  useSignal(form.changed);
  const [open] = React.useState(form.known.length > 0);
  return (
    <details className="jp-Omega-moreFields jp-Omega-notify" open={open}>
      <summary>{trans.__('Notifications')}</summary>
      <div className="jp-Omega-form">
        <Known form={form} trans={trans} />
        <div className="jp-Omega-field">
          <label htmlFor={ID}>{trans.__('Tell')}</label>
          <input
            id={ID}
            className="jp-mod-styled"
            type="text"
            list={`${ID}-list`}
            autoComplete="off"
            spellCheck={false}
            placeholder={trans.__('e.g. %1', 'ann@example.org')}
            aria-describedby={`${ID}-hint`}
            aria-invalid={form.refused !== null}
            value={form.to}
            onChange={event => form.set(event.target.value)}
          />
          <datalist id={`${ID}-list`}>
            <option value="lab:owner" />
          </datalist>
          <span id={`${ID}-hint`} className="jp-Omega-hint">
            {trans.__(
              'By mail, in a chat by the URL of its webhook, or lab:owner: who asked for the run, in JupyterLab. %1',
              of
            )}
          </span>
        </div>
        <div className="jp-Omega-field">
          <label htmlFor={`${ID}-on`}>{trans.__('Tell when')}</label>
          <HTMLSelect
            id={`${ID}-on`}
            value={form.on}
            onChange={event => form.choose(event.target.value as Occasion)}
          >
            {CHOICES.map(on => (
              <option key={on} value={on}>
                {occasion(on, trans)}
              </option>
            ))}
          </HTMLSelect>
        </div>
      </div>
    </details>
  );
}

const CHOICES: Occasion[] = ['failure', 'success', 'change', 'end'];

function Known({ form, trans }: Omit<INotifyFieldsProps, 'of'>): JSX.Element | null {
  return form.known.length === 0 ? null : (
    <ul className="jp-Omega-recipients" aria-label={trans.__('Who is told')}>
      {form.known.map(recipient => (
        <li key={recipient.id}>
          <span>
            <bdi>{nameOf(recipient)}</bdi>
            <span className="jp-Omega-hint">{occasion(recipient.on, trans)}</span>
          </span>
          <IconButton
            icon={closeIcon}
            label={trans.__('Tell %1 no more', nameOf(recipient))}
            onClick={() => form.drop(recipient.id)}
          />
        </li>
      ))}
    </ul>
  );
}

function nameOf({ channel, address }: IRecipient): string {
  return `${channel}:${address}`;
}

function occasion(on: Occasion, trans: TranslationBundle): string {
  return {
    failure: trans.__('it fails or is lost'),
    success: trans.__('it succeeds'),
    change: trans.__('it fails, or works again'),
    end: trans.__('it ends, whatever way'),
    never: trans.__('never')
  }[on];
}
