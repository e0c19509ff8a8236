/**
 * Gathers what is asked for in one turn and answers it as one: JupyterLab moves and deletes what is
 * selected one by one, and none of it goes where not all can.
 */
export class Together<T> {
  /** `settle` tells whether they go or stay; where it throws, all of them are refused. */
  constructor(private readonly _settle: (all: readonly T[]) => Promise<boolean>) {}

  mayGo(one: T): Promise<boolean> {
    this._gathered.push(one);
    this._answer ??= Promise.resolve().then(() => {
      const all = this._gathered;
      this._gathered = [];
      this._answer = null;
      return this._settle(all);
    });
    return this._answer;
  }

  private _gathered: T[] = [];
  private _answer: Promise<boolean> | null = null;
}
