import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IContentProvider } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { Feed, IObjectChange } from './feed';
import { isAt } from './history';
import type { IOpened, OpenedDocuments } from './opened';
import { hashOf } from './opened';
import type { SaveGuard } from './saveguard';

/** Milliseconds for which changes of a folder are gathered before the file browser looks. */
const GATHERED = 250;

/** Milliseconds that this window gets to close or rename by itself what it has deleted or moved. */
const OWN = 1000;

/** The least milliseconds between two looks at a document that others save again and again. */
const PAUSE = 1000;

export interface IElsewhereOptions {
  feed: Feed;
  documents: OpenedDocuments;
  guard: Pick<SaveGuard, 'fileChanged' | 'settled'>;
  /** What asks the server as JupyterLab does. */
  rest: Pick<IContentProvider, 'get'>;
  /** Show what is stored now. */
  reload: (opened: IOpened) => Promise<void>;
  /** Something in a folder is new, or gone, or another. */
  changed: (folder: string) => void;
  /** A folder was renamed, if it was one: who looks into it goes along. */
  renamed: (old: string, now: string) => void;
  /** A folder was deleted, if it was one: who looks into it goes to the one that it was in. */
  dropped: (path: string) => void;
  /** A document that is open is not there any more. */
  gone: (opened: IOpened) => void;
}

/**
 * Brings here what is done elsewhere to files of all buckets that are shown: by another window, a
 * person, a run, a script. The file browser looks anew, an open document goes along when it is
 * renamed, and shows what was saved unless it has changes of its own: then its save asks.
 */
export class Elsewhere implements IDisposable {
  constructor(private readonly _options: IElsewhereOptions) {
    _options.feed.objectChanged.connect(this._onObject, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    this._timers.forEach(timer => clearTimeout(timer));
    Signal.clearData(this);
  }

  private _onObject(_: Feed, told: IObjectChange): void {
    const { path, previous_path: previous, change, hash } = told;
    if (path === undefined || path === null || change === 'annotated') {
      return;
    }
    this._look(path);
    if (previous !== undefined && previous !== null) {
      // Nobody is to look into a folder that is called otherwise now.
      [...this._folders].filter(it => isAt(it, previous)).forEach(it => this._folders.delete(it));
      this._options.renamed(previous, path);
      this._look(previous);
      this._rename(previous, path);
    } else if (change === 'put') {
      this._options.documents.at(path).forEach(opened => void this._renew(opened, hash ?? null));
    } else if (change === 'dropped') {
      this._options.dropped(path);
      this._later(OWN, () => this._tellGone(path));
    }
  }

  /** Let the file browser look at the folder of a path, if that is the one it shows. */
  private _look(path: string): void {
    this._folders.add(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
    this._timer ??= setTimeout(() => {
      const folders = [...this._folders];
      this._folders.clear();
      this._timer = undefined;
      folders.forEach(folder => this._options.changed(folder));
    }, GATHERED);
  }

  private _rename(old: string, now: string): void {
    const { documents } = this._options;
    const renamed = new Set(documents.all().map(({ context }) => context.path));
    for (const path of renamed) {
      if (isAt(path, old)) {
        const moved = now + path.slice(old.length);
        const name = moved.split('/').pop();
        // One by one: JupyterLab takes the name of a folder for a regular expression.
        this._options.guard.fileChanged.emit({
          type: 'rename',
          oldValue: { path },
          newValue: { path: moved, name }
        });
      }
    }
  }

  /** Show what was saved, unless that is what is shown, or would be lost by it. */
  private async _renew(opened: IOpened, hash: string | null): Promise<void> {
    const { guard, reload } = this._options;
    if (this._renewing.has(opened)) {
      this._again.set(opened, hash);
      return;
    }
    this._renewing.add(opened);
    try {
      await guard.settled(opened); // it may be what this window is saving
      if (hash !== hashOf(opened) && (await this._isAnother(opened))) {
        await reload(opened);
      }
    } finally {
      this._renewing.delete(opened);
      const again = this._again.get(opened);
      this._again.delete(opened);
      if (again !== undefined) {
        this._later(PAUSE, () => this._renew(opened, again), opened.context);
      }
    }
  }

  /** Do something after a pause, unless the document that it is about is closed meanwhile. */
  private _later(
    pause: number,
    act: () => Promise<void>,
    context?: DocumentRegistry.Context
  ): void {
    if (this._isDisposed || context?.isDisposed) {
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      this._timers.delete(timer);
      context?.disposed.disconnect(end);
    };
    const timer = setTimeout(() => {
      end();
      void act();
    }, pause);
    this._timers.add(timer);
    context?.disposed.connect(end);
  }

  /** Whether what is stored now is not what is shown, and nobody works on that. */
  private async _isAnother(opened: IOpened): Promise<boolean> {
    const { context } = opened;
    if (context.isDisposed || isWorkedOn(opened)) {
      return false;
    }
    try {
      // The change that was told may be older than what this window has saved since.
      const stored = await this._options.rest.get(context.path, { content: false, hash: true });
      return !context.isDisposed && stored.hash !== hashOf(opened) && !isWorkedOn(opened);
    } catch {
      return false; // that it is gone is told by itself
    }
  }

  private async _tellGone(path: string): Promise<void> {
    const { documents, rest, gone } = this._options;
    for (const opened of documents.all()) {
      const at = opened.context.path;
      if (hashOf(opened) !== null && isAt(at, path) && (await isMissing(at, rest))) {
        gone(opened);
      }
    }
  }

  private readonly _folders = new Set<string>();
  private readonly _renewing = new Set<IOpened>();
  private readonly _again = new Map<IOpened, string | null>();
  private readonly _timers = new Set<ReturnType<typeof setTimeout>>();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}

/** Whether somebody has changed it, or its kernel is about to. */
function isWorkedOn({ context }: IOpened): boolean {
  const { kernel } = context.sessionContext?.session ?? {};
  return context.model.dirty || kernel?.status === 'busy';
}

async function isMissing(path: string, rest: Pick<IContentProvider, 'get'>): Promise<boolean> {
  try {
    await rest.get(path, { content: false });
    return false;
  } catch (error) {
    return error instanceof ServerConnection.ResponseError && error.response.status === 404;
  }
}
