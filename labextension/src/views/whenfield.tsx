import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ScheduleForm } from '../models/scheduleform';
import { ownZone, ZONES } from '../models/zones';
import { formatInZone, formatUntil } from './format';
import { useNow } from './hooks';

/** Words that the server understands, whatever the reader's language. */
const PICKS = ['weekdays at 6:00', 'daily at 6:00', 'every monday at 9:00', 'every hour'];

export const WHEN_ID = 'jp-Omega-when';
const ZONE_ID = 'jp-Omega-zone';
const ZONES_ID = 'jp-Omega-zones';

export interface IWhenProps {
  form: ScheduleForm;
  trans: TranslationBundle;
}

/** When a job is due, in words or as cron. */
export function WhenField({ form, trans }: IWhenProps): JSX.Element {
  const input = React.useRef<HTMLInputElement>(null);
  const pick = (when: string): void => {
    form.choose({ when });
    input.current?.focus();
  };
  return (
    <div className="jp-Omega-field">
      <label htmlFor={WHEN_ID}>{trans.__('When')}</label>
      <input
        ref={input}
        id={WHEN_ID}
        className="jp-mod-styled"
        type="text"
        autoComplete="off"
        spellCheck={false}
        placeholder={trans.__('In words or as cron: %1', 'weekdays at 6:00')}
        aria-invalid={form.problem !== null}
        aria-describedby={`${WHEN_ID}-problem ${WHEN_ID}-preview`}
        value={form.choices.when}
        onChange={event => form.choose({ when: event.target.value })}
      />
      {form.problem && (
        <div id={`${WHEN_ID}-problem`} className="jp-Omega-refusal" role="alert">
          {form.problem}
        </div>
      )}
      <div className="jp-Omega-picks" role="group" aria-label={trans.__('For example')}>
        {PICKS.map(words => (
          <button
            key={words}
            type="button"
            className="jp-Omega-pick"
            aria-pressed={form.choices.when.trim() === words}
            onClick={() => pick(words)}
          >
            {words}
          </button>
        ))}
      </div>
    </div>
  );
}

/** The time zone whose clocks count. */
export function ZoneField({ form, trans }: IWhenProps): JSX.Element {
  const problem = form.zoneProblem;
  return (
    <div className="jp-Omega-field">
      <label htmlFor={ZONE_ID}>{trans.__('Time zone')}</label>
      <input
        id={ZONE_ID}
        className="jp-mod-styled"
        type="text"
        list={ZONES_ID}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={problem !== null}
        aria-describedby={`${ZONE_ID}-problem`}
        value={form.choices.timezone}
        // The list shows what fits what stands there: what is typed replaces it.
        onFocus={event => event.target.select()}
        onChange={event => form.choose({ timezone: event.target.value })}
        onBlur={() => form.choose({ timezone: form.settings.timezone })}
      />
      <datalist id={ZONES_ID}>
        {ZONES.map(zone => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
      {problem && (
        <div id={`${ZONE_ID}-problem`} className="jp-Omega-refusal" role="alert">
          {problem}
        </div>
      )}
    </div>
  );
}

/** What the words mean, and the next times they stand for. */
export function Preview({ form, trans }: IWhenProps): JSX.Element {
  const now = useNow(true);
  const { preview, choices } = form;
  const away = choices.timezone !== ownZone();
  return (
    <div
      id={`${WHEN_ID}-preview`}
      className="jp-Omega-preview"
      aria-live="polite"
      aria-busy={form.checking}
    >
      {preview ? (
        <>
          <div className="jp-Omega-previewHead">
            <strong>{preview.words}</strong>
            <code title={trans.__('The same as cron')}>{preview.cron}</code>
          </div>
          <ol aria-label={trans.__('The next times')}>
            {preview.times.map(time => (
              <li key={time}>
                <time
                  dateTime={time}
                  title={away ? trans.__('Here: %1', formatInZone(time, ownZone())) : undefined}
                >
                  {formatInZone(time, choices.timezone)}
                </time>
                <span>{formatUntil(time, now, trans)}</span>
              </li>
            ))}
          </ol>
          {preview.times.length === 0 && <p>{trans.__('There is no such time to come.')}</p>}
        </>
      ) : (
        <p className="jp-Omega-hint">
          {form.checking && form.problem === null
            ? trans.__('Looking what that means…')
            : trans.__('The next times are shown here.')}
        </p>
      )}
    </div>
  );
}
