import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, messageOf } from '../client/connection';
import type { IReportOptions } from '../client/reports';
import type {
  IBounds,
  IPreview,
  ISchedule,
  IScheduleSettings,
  SchedulesClient
} from '../client/schedules';
import type { ParametersForm } from './form';
import { LimitsForm, shownDuration } from './limitsform';
import { Model } from './model';
import { knownZone, ownZone, wallTime } from './zones';

/** How long somebody has to stop typing before the server is asked, in milliseconds. */
const PAUSE = 300;

/** What is typed and chosen, but for the parameters. */
export interface IScheduleChoices extends Omit<
  IScheduleSettings,
  'parameters' | 'limits' | 'keep' | keyof IBounds
> {
  /** From when on it counts, as the clocks of the time zone show it; "" is without begin. */
  starts: string;
  ends: string;
  label: string;
  publish: boolean;
  /** How many results to keep; "" is all. */
  keep: string;
}

export interface IScheduleFormOptions {
  client: SchedulesClient;
  trans: TranslationBundle;
  /** Null where the notebook cannot be asked for its parameters: they stay what they are. */
  parameters: ParametersForm | null;
  /** What is edited; a new one is made by default. */
  schedule?: ISchedule;
}

/** The form in which a person says when a job is due; the server tells what that means. */
export class ScheduleForm extends Model {
  constructor(options: IScheduleFormOptions) {
    super();
    const { schedule } = options;
    this.editing = schedule !== undefined;
    this._client = options.client;
    this._trans = options.trans;
    this.parameters = options.parameters;
    this.limits = new LimitsForm(schedule?.limits);
    this._old = schedule ?? { starts_at: null, ends_at: null };
    this._reported = schedule?.publish ? schedule.publish_options : undefined;
    this._choices = {
      when: schedule?.when ?? '',
      timezone: schedule?.timezone ?? ownZone(),
      label: schedule?.label ?? '',
      starts: shownAs(this._old.starts_at, schedule?.timezone),
      ends: shownAs(this._old.ends_at, schedule?.timezone),
      overlap: schedule?.overlap ?? 'skip',
      misfire: schedule?.misfire ?? 'run once',
      publish: schedule?.publish ?? false,
      pinned: schedule?.pinned ?? '',
      jitter: schedule?.jitter ? shownDuration(schedule.jitter) : '',
      keep: schedule?.keep?.toString() ?? '',
      experiment: schedule?.experiment ?? ''
    };
    this.limits.changed.connect(this._onLimits, this);
    this.parameters?.changed.connect(this._onParameters, this);
    if (schedule) {
      void this.check();
    }
  }

  readonly parameters: ParametersForm | null;

  /** What each of its runs may take. */
  readonly limits: LimitsForm;

  /** Whether there is a schedule already, which is changed. */
  readonly editing: boolean;

  get choices(): Readonly<IScheduleChoices> {
    return this._choices;
  }

  /** What was understood last, null when nothing was. */
  get preview(): IPreview | null {
    return this._preview;
  }

  /** Whether `preview` is about what was typed before. */
  get checking(): boolean {
    return this._choices.when.trim() !== '' && this._known !== this._question;
  }

  /** What is wrong with the words, null when nothing is known to be. */
  get problem(): string | null {
    return this._problem;
  }

  /** What is wrong with the time zone, null when nothing is. */
  get zoneProblem(): string | null {
    return knownZone(this._choices.timezone) === null
      ? this._trans.__('There is no such time zone. Choose one from the list, or UTC.')
      : null;
  }

  /** What is wrong with the number of results to keep, null when nothing is. */
  get keepProblem(): string | null {
    const { keep } = this._choices;
    return keep.trim() === '' || /^[1-9]\d*$/.test(keep.trim())
      ? null
      : this._trans.__('A whole number, 1 or more. Left empty, all are kept.');
  }

  /** Whether what stands there cannot be scheduled, as far as is known. */
  get blocked(): boolean {
    return (
      this._choices.when.trim() === '' ||
      this._problem !== null ||
      this.zoneProblem !== null ||
      this.keepProblem !== null ||
      this.parameters?.valid === false
    );
  }

  /** What the server said about the whole, shown until something is changed. */
  get refusal(): string | null {
    return this._refusal;
  }

  override dispose(): void {
    clearTimeout(this._timer);
    super.dispose();
  }

  /** What to send. */
  get settings(): IScheduleSettings {
    const { when, timezone, label, publish, starts, ends, keep, ...others } = this._choices;
    const zone = knownZone(timezone);
    return {
      ...others,
      when: when.trim(),
      timezone: zone ?? timezone.trim(),
      starts_at: boundOf(starts, this._old.starts_at, zone),
      ends_at: boundOf(ends, this._old.ends_at, zone),
      label: label.trim() || null,
      pinned: others.pinned.trim(),
      jitter: others.jitter.trim(),
      experiment: others.experiment.trim(),
      keep: keep.trim() === '' ? null : Number(keep),
      limits: this.limits.values(),
      // Choices that were made elsewhere are kept.
      publish: publish && (this._reported ?? true),
      ...(this.parameters ? { parameters: this.parameters.values() } : {})
    };
  }

  choose(choices: Partial<IScheduleChoices>): void {
    const before = this._question;
    this._choices = { ...this._choices, ...choices };
    this._refusal = null;
    if (this._question !== before) {
      this._ask();
    }
    this.emitChanged();
  }

  refuse(message: string): void {
    this._refusal = message;
    this.emitChanged();
  }

  /** Ask the server, unless it has answered, whether what stands there can be scheduled. */
  async check(): Promise<boolean> {
    clearTimeout(this._timer);
    if (!this.blocked && this.checking) {
      await this._look();
    }
    return !this.blocked && !this.checking;
  }

  /** What the preview depends on. */
  private get _question(): string {
    const { when, timezone, starts_at, ends_at } = this.settings;
    return JSON.stringify([when, timezone, starts_at, ends_at]);
  }

  private _ask(): void {
    clearTimeout(this._timer);
    // What was wrong with other words may be right with these.
    this._problem = null;
    if (this._choices.when.trim() === '') {
      this._preview = null;
    } else if (this.zoneProblem === null) {
      this._timer = setTimeout(() => void this._look(), PAUSE);
    }
  }

  private async _look(): Promise<void> {
    const question = this._question;
    const { when, timezone, starts_at, ends_at } = this.settings;
    let preview: IPreview | null = null;
    let problem: string | null = null;
    let refusal: string | null = null;
    try {
      preview = await this._client.preview(when, timezone, { starts_at, ends_at });
    } catch (error) {
      // That the server is away says nothing about the words.
      if (error instanceof ApiError && error.status < 500) {
        problem = messageOf(error);
      } else {
        refusal = messageOf(error);
      }
    }
    if (question !== this._question || this.isDisposed) {
      return; // something else stands there now
    }
    this._preview = preview;
    this._problem = problem;
    this._refusal = refusal;
    this._known = question;
    this.emitChanged();
  }

  private _onParameters(): void {
    this.emitChanged();
  }

  private _onLimits(): void {
    this._refusal = null;
    this.emitChanged();
  }

  private readonly _client: SchedulesClient;
  private readonly _trans: TranslationBundle;
  private readonly _reported: Partial<IReportOptions> | undefined;
  private readonly _old: IBounds;
  private _choices: IScheduleChoices;
  private _preview: IPreview | null = null;
  private _problem: string | null = null;
  private _refusal: string | null = null;
  private _known: string | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

function shownAs(time: string | null, timezone: string | undefined): string {
  return time && timezone && knownZone(timezone) ? wallTime(time, timezone) : '';
}

/** What stands there, and where that is what stood there, the time it was, to the second. */
function boundOf(text: string, old: string | null, zone: string | null): string | null {
  return old && zone && shownAs(old, zone) === text ? old : text || null;
}
