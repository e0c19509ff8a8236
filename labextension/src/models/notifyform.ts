import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { ApiError, messageOf } from '../client/connection';
import type { IRecipient, Occasion, RecipientsClient, Told } from '../client/recipients';

/** Who is told of runs, and who is to be from now on; the server knows which addresses are good. */
export class NotifyForm {
  constructor(
    private readonly _client: RecipientsClient,
    private _known: readonly IRecipient[] = []
  ) {}

  /** With who is told already; null where this may not be known. */
  static async of(client: RecipientsClient, told: Told): Promise<NotifyForm | null> {
    try {
      return new NotifyForm(client, (await client.list(told)).items);
    } catch {
      return null; // the rest of the form does without
    }
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Who is told, but for those who are to be no more. */
  get known(): readonly IRecipient[] {
    return this._known;
  }

  get to(): string {
    return this._to;
  }

  get on(): Occasion {
    return this._on;
  }

  /** Whether there is nothing to do. */
  get idle(): boolean {
    return this._to.trim() === '' && this._dropped.length === 0;
  }

  set(to: string): void {
    this._to = to;
    this._refused = null;
    this._changed.emit();
  }

  choose(on: Occasion): void {
    this._on = on;
    this._changed.emit();
  }

  drop(id: string): void {
    this._known = this._known.filter(recipient => recipient.id !== id);
    this._dropped = [...this._dropped, id];
    this._changed.emit();
  }

  /** Have what was typed refused before a run starts, and mark it. */
  async check(): Promise<void> {
    this._refused = null;
    if (this._to.trim() === '') {
      return;
    }
    try {
      await this._client.check(this._to.trim(), this._on);
    } catch (error) {
      this._refused = messageOf(error);
      this._changed.emit();
      throw error;
    }
  }

  /** Why the address was refused, until it is typed anew. */
  get refused(): string | null {
    return this._refused;
  }

  /** Let it be so. Asked for again after a refusal, what was done is done once. */
  async apply(told: Told): Promise<void> {
    for (const id of this._dropped) {
      try {
        await this._client.drop(id);
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 404)) {
          throw error;
        }
      }
    }
    if (this._to.trim() !== '') {
      await this._client.add(this._to.trim(), this._on, told);
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _dropped: readonly string[] = [];
  private _to = '';
  private _refused: string | null = null;
  private _on: Occasion = 'failure';
}
