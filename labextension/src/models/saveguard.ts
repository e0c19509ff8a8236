import type { Contents, IContentProvider } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import type { IOpened, OpenedDocuments } from './opened';
import { hashOf } from './opened';
import { onlyTrusts } from './trusting';

/** What a save sends: with `expect`, what is there must have this hash. */
export type SaveOptions = Partial<Contents.IModel> &
  Contents.IContentProvisionOptions & { expect?: string; replace?: boolean };

/** A save that the server refused, since the document is not what was opened any more. */
export interface IRefusedSave {
  readonly opened: IOpened;
  readonly path: string;
  readonly options: SaveOptions;
}

export interface ISaveGuardOptions {
  /** What asks the server as JupyterLab does. */
  rest: Pick<IContentProvider, 'get' | 'save'>;
  documents: OpenedDocuments;
  /** Settle a save that was refused; answers what the document is then. */
  settle: (refused: IRefusedSave) => Promise<Contents.IModel>;
  /** Let the server keep that its user trusts a notebook. */
  trust: (path: string) => Promise<void>;
}

/**
 * Between JupyterLab and the server: no save of a document of the repository replaces what it has
 * not seen.
 *
 * JupyterLab looks whether a file has changed, saves, and then looks at what it has become. What
 * somebody saves between two of the three is lost without a word. Here both looks are answered
 * without the server, and the save itself says what it expects to replace. What is not in the
 * repository passes through.
 */
export class SaveGuard implements IContentProvider {
  constructor(private readonly _options: ISaveGuardOptions) {}

  /** Tells JupyterLab of what was done to files elsewhere. */
  readonly fileChanged: Signal<IContentProvider, Contents.IChangedArgs> = new Signal(this);

  async get(path: string, options?: Contents.IFetchOptions): Promise<Contents.IModel> {
    const { rest, documents } = this._options;
    if (options?.hash && !options.content) {
      const saved = this._saved.get(path);
      if (saved) {
        this._saved.delete(path);
        return saved;
      }
      const [opened] = documents.at(path);
      if (opened) {
        return asUnchanged(opened);
      }
    }
    const type = options?.type;
    const model = await rest.get(path, options);
    const renewed = documents.find(path, type, options?.format);
    const renewal = renewed && this._renewals.get(renewed);
    if (renewed && renewal?.typed && options?.content) {
      renewal.kept = true;
      return { ...model, hash: hashOf(renewed) ?? undefined, content: null };
    }
    if (options?.content && options.hash) {
      documents.read(path, type, model);
    }
    return model;
  }

  async save(path: string, options: SaveOptions = {}): Promise<Contents.IModel> {
    const { rest, documents } = this._options;
    const opened = documents.find(path, options.type, options.format);
    if (!opened) {
      return rest.save(path, options);
    }
    if (this._settling.has(opened)) {
      throw namedError('ModalDuplicateError', 'It is being asked already what to do.');
    }
    // A save while another one is on its way expects what that one makes.
    const before = this._saving.get(opened);
    const saving = (before ?? Promise.resolve()).then(() => this._save(opened, path, options));
    const quiet = saving.then(
      () => undefined,
      () => undefined
    );
    this._saving.set(opened, quiet);
    const model = await saving;
    this._saved.set(path, model);
    return model;
  }

  /**
   * Let `read` read a document again, but not over what is typed while that is on its way: then
   * the document is kept as it is, which `read` can ask, and its save asks what to do.
   */
  async renew(opened: IOpened, read: (kept: () => boolean) => Promise<void>): Promise<void> {
    const renewal = { typed: false, kept: false };
    const note = (): void => {
      renewal.typed = true;
    };
    const { model } = opened.context;
    model.contentChanged.connect(note);
    this._renewals.set(opened, renewal);
    try {
      await read(() => renewal.kept);
    } finally {
      this._renewals.delete(opened);
      model.contentChanged.disconnect(note);
    }
  }

  /** Wait until what is being saved of a document is saved, or is not. */
  settled(opened: IOpened): Promise<void> {
    return this._saving.get(opened) ?? Promise.resolve();
  }

  private async _save(
    opened: IOpened,
    path: string,
    options: SaveOptions
  ): Promise<Contents.IModel> {
    const { rest, settle } = this._options;
    const trusted = await this._trusted(opened, path, options);
    if (trusted) {
      return trusted;
    }
    try {
      const expecting: SaveOptions = { ...options, expect: hashOf(opened) ?? undefined };
      const model = await rest.save(path, expecting);
      opened.hash = model.hash ?? null;
      opened.unsure = undefined;
      return model;
    } catch (error) {
      if (!isConflict(error)) {
        if (!(error instanceof ServerConnection.ResponseError)) {
          opened.unsure = options.content;
        }
        throw error;
      }
    }
    this._settling.add(opened);
    try {
      const model = await settle({ opened, path, options });
      opened.hash = model.hash ?? null;
      opened.unsure = undefined;
      return model;
    } finally {
      this._settling.delete(opened);
    }
  }

  /** Trust a notebook that is read-only, if no more is wanted; null if it is to be saved. */
  private async _trusted(
    { context }: IOpened,
    path: string,
    { type, content }: SaveOptions
  ): Promise<Contents.IModel | null> {
    if (context.contentsModel?.writable !== false || type !== 'notebook') {
      return null;
    }
    const { rest, trust } = this._options;
    const theirs = await rest.get(path, { type, content: true, hash: true });
    if (!onlyTrusts(theirs.content, content)) {
      return null;
    }
    await trust(path);
    return { ...theirs, content: null };
  }

  /** What a save has made, for the look that JupyterLab takes at it right after. */
  private readonly _saved = new Map<string, Contents.IModel>();
  private readonly _saving = new WeakMap<IOpened, Promise<void>>();
  private readonly _settling = new Set<IOpened>();
  private readonly _renewals = new Map<IOpened, { typed: boolean; kept: boolean }>();
}

/** Whether the server refused a save for what is there. */
export function isConflict(error: unknown): boolean {
  return error instanceof ServerConnection.ResponseError && error.response.status === 409;
}

/** An error that JupyterLab knows by its name. */
export function namedError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** What JupyterLab takes for no change, whichever state of a document it compares. */
function asUnchanged({ context, type, format }: IOpened): Contents.IModel {
  const { localPath: path, contentsModel } = context;
  return {
    name: path.split('/').pop() ?? path,
    path,
    type,
    format,
    writable: contentsModel?.writable ?? true,
    created: contentsModel?.created ?? new Date(0).toISOString(),
    last_modified: new Date(0).toISOString(),
    mimetype: contentsModel?.mimetype ?? '',
    content: null
  };
}
