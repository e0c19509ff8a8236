import { Model } from './model';

/** A notebook on its way between the browser and the server; `size` in bytes where known. */
export interface ITransfer {
  readonly path: string;
  readonly way: 'open' | 'save';
  readonly size: number | null;
}

/** What is at least so large is told of at once. */
export const LARGE = 5_000_000;

/** Milliseconds after which anything else is told of too. */
const PATIENCE = 1000;

/** The transfers that take so long that people want to know of them. */
export class Transfers extends Model {
  /** Those that are shown, the oldest first. */
  get shown(): readonly ITransfer[] {
    return this._shown;
  }

  /** Take note that a transfer begins; call what is returned when it has ended. */
  begin(transfer: ITransfer): () => void {
    const show = (): void => {
      this._shown = [...this._shown, transfer];
      this.emitChanged();
    };
    const large = transfer.size !== null && transfer.size >= LARGE;
    const timer = setTimeout(show, large ? 0 : PATIENCE);
    const end = (): void => {
      clearTimeout(timer);
      this._ends.delete(end);
      if (this._shown.includes(transfer)) {
        this._shown = this._shown.filter(other => other !== transfer);
        this.emitChanged();
      }
    };
    this._ends.set(end, transfer);
    return end;
  }

  /** Take note that saves wait for a person: of those that are given up then, nobody tells. */
  pauseSaves(): void {
    [...this._ends].filter(([, { way }]) => way === 'save').forEach(([end]) => end());
  }

  private readonly _ends = new Map<() => void, ITransfer>();
  private _shown: readonly ITransfer[] = [];
}
