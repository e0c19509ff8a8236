import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Misfire, Overlap } from '../client/schedules';
import type { NotifyForm } from '../models/notifyform';
import type { IWorker } from '../client/status';
import type { ScheduleForm } from '../models/scheduleform';
import { Check } from './check';
import { ExperimentField } from './experimentfield';
import { useSignal } from './hooks';
import { LabelField } from './labelfield';
import { LimitFields } from './limitfields';
import { NotifyFields } from './notifyfields';
import { ParameterFields } from './parameterfields';
import { Preview, WhenField, ZoneField } from './whenfield';
import { Refusal } from './states';

export interface IScheduleFormProps {
  form: ScheduleForm;
  /** Null where nobody may know who is told. */
  notify: NotifyForm | null;
  /** Those that are alive, null when nobody could tell. */
  workers: readonly IWorker[] | null;
  /** The names of the experiments that there are. */
  experiments: readonly string[];
  trans: TranslationBundle;
}

type IFieldsProps = Pick<IScheduleFormProps, 'form' | 'trans'>;

/** When a job is due and with what, and what happens when something is in the way. */
export function ScheduleFields(props: IScheduleFormProps): JSX.Element {
  const { form, notify, trans } = props;
  useSignal(form.changed);
  return (
    <div className="jp-Omega-form jp-Omega-schedule">
      <WhenField form={form} trans={trans} />
      <ZoneField form={form} trans={trans} />
      <Preview form={form} trans={trans} />
      <Parameters form={form} trans={trans} />
      <Check
        label={trans.__('Publish as a report')}
        hint={trans.__(
          'Its link shows the newest result that succeeded, to people signed in unless you open it to anyone.'
        )}
        checked={form.choices.publish}
        set={publish => form.choose({ publish })}
      />
      <More {...props} />
      <LimitFields form={form.limits} trans={trans} />
      {notify && (
        <NotifyFields form={notify} of={trans.__('Of the runs of this schedule.')} trans={trans} />
      )}
      <Refusal message={form.refusal} />
    </div>
  );
}

function Parameters({ form, trans }: IFieldsProps): JSX.Element | null {
  if (form.parameters === null) {
    return (
      <p className="jp-Omega-notice">
        {trans.__('The notebook is not there to be asked: its parameters stay what they are.')}
      </p>
    );
  }
  return form.parameters.fields.length === 0 ? null : (
    <fieldset className="jp-Omega-group">
      <legend>{trans.__('Parameters')}</legend>
      <ParameterFields form={form.parameters} trans={trans} />
    </fieldset>
  );
}

/** What most schedules leave as it is. */
function More(props: Omit<IScheduleFormProps, 'notify'>): JSX.Element {
  const { form, workers, trans } = props;
  const { label, overlap, misfire, starts, ends, pinned, jitter, keep, experiment } = form.choices;
  const [open] = React.useState(
    !['', 'default'].includes(label) ||
      overlap !== 'skip' ||
      misfire !== 'run once' ||
      starts + ends + pinned + jitter + keep + experiment !== ''
  );
  return (
    <details className="jp-Omega-moreFields" open={open}>
      <summary>{trans.__('More')}</summary>
      <div className="jp-Omega-form">
        <Select
          label={trans.__('If the last run still goes')}
          value={overlap}
          options={overlaps(trans)}
          set={value => form.choose({ overlap: value })}
        />
        <Select
          label={trans.__('If a time was missed')}
          value={misfire}
          options={misfires(trans)}
          set={value => form.choose({ misfire: value })}
        />
        <div className="jp-Omega-bounds">
          <Moment
            label={trans.__('Begins')}
            value={starts}
            set={value => form.choose({ starts: value })}
          />
          <Moment
            label={trans.__('Ends')}
            value={ends}
            set={value => form.choose({ ends: value })}
          />
        </div>
        <LabelField
          value={label}
          set={value => form.choose({ label: value })}
          workers={workers}
          trans={trans}
        />
        <ExperimentField
          value={experiment}
          set={value => form.choose({ experiment: value })}
          known={props.experiments}
          trans={trans}
        />
        <RareFields form={form} trans={trans} />
      </div>
    </details>
  );
}

/** Which revision is run, and what becomes of starts and results. */
function RareFields({ form, trans }: IFieldsProps): JSX.Element {
  const { pinned, jitter, keep } = form.choices;
  return (
    <>
      <TextField
        id="jp-Omega-pinned"
        label={trans.__('Revision')}
        example={trans.__('newest')}
        hint={trans.__('Its number or tag. Left empty: the newest when it is due.')}
        value={pinned}
        set={value => form.choose({ pinned: value })}
      />
      <TextField
        id="jp-Omega-jitter"
        label={trans.__('Start later by chance')}
        example={trans.__('e.g. %1', '5 min')}
        hint={trans.__('By so much at most, so that not all begin at once.')}
        value={jitter}
        set={value => form.choose({ jitter: value })}
      />
      <TextField
        id="jp-Omega-keep"
        label={trans.__('Results to keep')}
        example={trans.__('all')}
        hint={
          form.keepProblem ??
          trans.__('Those of so many runs; older ones go for good, unless they are tagged.')
        }
        invalid={form.keepProblem !== null}
        value={keep}
        set={value => form.choose({ keep: value })}
      />
    </>
  );
}

interface ITextFieldProps {
  id: string;
  label: string;
  /** What it is like, or what it is when it is left empty. */
  example: string;
  hint: string;
  invalid?: boolean;
  value: string;
  set: (value: string) => void;
}

function TextField(props: ITextFieldProps): JSX.Element {
  const { id, invalid } = props;
  return (
    <div className="jp-Omega-field">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className="jp-mod-styled"
        type="text"
        autoComplete="off"
        spellCheck={false}
        placeholder={props.example}
        aria-describedby={`${id}-hint`}
        aria-invalid={invalid}
        value={props.value}
        onChange={event => props.set(event.target.value)}
      />
      <span id={`${id}-hint`} className={invalid ? 'jp-Omega-error' : 'jp-Omega-hint'}>
        {props.hint}
      </span>
    </div>
  );
}

interface IMomentProps {
  label: string;
  value: string;
  set: (value: string) => void;
}

/** A day and a time on the clocks of the schedule's time zone; it may be left empty. */
function Moment({ label, value, set }: IMomentProps): JSX.Element {
  return (
    <label className="jp-Omega-field">
      {label}
      <input
        className="jp-mod-styled"
        type="datetime-local"
        value={value}
        onChange={event => set(event.target.value)}
      />
    </label>
  );
}

interface ISelectProps<T extends string> {
  label: string;
  value: T;
  options: [value: T, label: string][];
  set: (value: T) => void;
}

function Select<T extends string>({ label, value, options, set }: ISelectProps<T>): JSX.Element {
  return (
    <label className="jp-Omega-field">
      {label}
      <HTMLSelect
        value={value}
        options={options.map(([name, text]) => ({ value: name, label: text }))}
        onChange={event => set(event.target.value as T)}
      />
    </label>
  );
}

/** What happens when a job is due while its last run still goes, in the reader's language. */
export function overlaps(trans: TranslationBundle): [Overlap, string][] {
  return [
    ['skip', trans.__('Skip the new one')],
    ['queue', trans.__('Run the new one after it')],
    ['replace', trans.__('Cancel it for the new one')]
  ];
}

/** What happens with times that were missed, in the reader's language. */
export function misfires(trans: TranslationBundle): [Misfire, string][] {
  return [
    ['run once', trans.__('Run once for all that was missed')],
    ['skip', trans.__('Skip what was missed')]
  ];
}
