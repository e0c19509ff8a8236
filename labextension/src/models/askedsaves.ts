import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { CommandRegistry } from '@lumino/commands';

/** Commands that save, and wait for it. */
const SAVING = new Set([
  'docmanager:save',
  'docmanager:save-all',
  'docmanager:download',
  'filemenu:close-and-cleanup',
  'notebook:export-to-format'
]);
const OURS = 'omega:';

/** A save that begins so soon after a dialog was closed is what that asked for, in milliseconds. */
const SOON = 1000;

export interface IAskedSavesOptions {
  commands: Pick<CommandRegistry, 'commandExecuted'>;
  /** The document that is looked at. */
  current: () => DocumentRegistry.Context | undefined;
  now?: () => number;
}

/** Tells saves that a person asked for from those that JupyterLab makes by itself. */
export class AskedSaves {
  constructor(private readonly _options: IAskedSavesOptions) {
    this._now = _options.now ?? Date.now;
    _options.commands.commandExecuted.connect(this._onCommand, this);
  }

  /** Whether somebody is waiting for this document to be saved. */
  isFor(context: DocumentRegistry.Context): boolean {
    return (
      this._now() - this._answered < SOON ||
      this._waiting.some(({ meant }) => meant === null || meant === context)
    );
  }

  /** Save a document for somebody. */
  async save(context: DocumentRegistry.Context): Promise<void> {
    await this._wait(context, context.save());
  }

  /** Take down that a dialog was closed: it may have asked whether to save. */
  answered(): void {
    this._answered = this._now();
  }

  private _onCommand(_: unknown, executed: CommandRegistry.ICommandExecutedArgs): void {
    const { id, result } = executed;
    if (SAVING.has(id) || id.startsWith(OURS)) {
      const current = id === 'docmanager:save' ? this._options.current() : null;
      // Who asked hears of what went wrong.
      this._wait(current ?? null, result).catch(() => undefined);
    }
  }

  private async _wait(
    meant: DocumentRegistry.Context | null,
    result: Promise<unknown>
  ): Promise<void> {
    const entry = { meant };
    this._waiting.push(entry);
    try {
      await result;
    } finally {
      this._waiting = this._waiting.filter(other => other !== entry);
    }
  }

  private readonly _now: () => number;
  private _answered = -Infinity;
  private _waiting: { meant: DocumentRegistry.Context | null }[] = [];
}
