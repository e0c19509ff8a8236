import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { Contents } from '@jupyterlab/services';

import { Together } from './together';

/** Something that is to be elsewhere, by paths of Jupyter's contents. */
export interface IMove {
  readonly from: string;
  readonly to: string;
}

/** Who is asked before something goes; each may throw for what must not go at all. */
export interface IFileQuestions {
  mayMove(moves: readonly IMove[]): Promise<boolean>;
  mayDelete(paths: readonly string[]): Promise<boolean>;
  /** Whether something else may come in the place of what is at a path. */
  mayReplace(path: string): Promise<boolean>;
  /** What is said to who moves something on their own, where it stays. */
  stays(move: IMove): Error;
}

type Documents = Pick<IDocumentManager, 'rename' | 'overwrite' | 'deleteFile'>;
type Files = Pick<Contents.IManager, 'rename' | 'get' | 'localPath'>;

/**
 * Asks before JupyterLab moves, replaces or deletes something, which has no way to be asked: once
 * for each act of a person, and before any of its steps. `drop` deletes what was asked about.
 *
 * What the document manager does not move is answered with where it still is, for JupyterLab shows
 * whatever else it is answered as an error. Whoever moves something on their own is refused.
 */
export class FileGuard {
  constructor(
    documents: Documents,
    private readonly _files: Files,
    private readonly _ask: IFileQuestions
  ) {
    this._moves = new Together<IMove>(all => _ask.mayMove(all));
    this._deletions = new Together<string>(all => _ask.mayDelete(all));
    this._move = _files.rename.bind(_files);
    this.drop = documents.deleteFile.bind(documents);
    // Overwriting takes several steps, all of which are in what was asked.
    const steps = { rename: this._move, deleteFile: this.drop };
    const unasked = Object.assign(Object.create(documents) as Documents, steps);
    this._replace = documents.overwrite.bind(unasked);
    _files.rename = (from, to) => this._rename(from, to);
    documents.rename = (from, to) => this._renameDocument(from, to);
    documents.overwrite = (from, to) => this._overwrite(from, to);
    documents.deleteFile = path => this._delete(path);
  }

  readonly drop: Documents['deleteFile'];

  private async _rename(from: string, to: string): Promise<Contents.IModel> {
    const move = this._asked(from, to);
    if (await this._moves.mayGo(move)) {
      return this._move(from, to);
    }
    throw this._ask.stays(move);
  }

  private async _renameDocument(from: string, to: string): Promise<Contents.IModel> {
    const move = this._asked(from, to);
    if (!(await this._moves.mayGo(move))) {
      return this._where(from);
    }
    // Where something is already, JupyterLab asks whether to overwrite it: the answer still counts.
    this._agreed.add(keyOf(move));
    const moved = await this._move(from, to);
    this._agreed.delete(keyOf(move));
    return moved;
  }

  private async _overwrite(from: string, to: string): Promise<Contents.IModel> {
    const move = this._asked(from, to);
    const agreed = this._agreed.delete(keyOf(move)) || (await this._moves.mayGo(move));
    const goes = agreed && (await this._ask.mayReplace(move.to));
    return goes ? this._replace(from, to) : this._where(from);
  }

  private async _delete(path: string): Promise<void> {
    if (await this._deletions.mayGo(this._files.localPath(path))) {
      await this.drop(path);
    }
  }

  private _asked(from: string, to: string): IMove {
    return { from: this._files.localPath(from), to: this._files.localPath(to) };
  }

  private _where(path: string): Promise<Contents.IModel> {
    return this._files.get(path, { content: false });
  }

  private readonly _moves: Together<IMove>;
  private readonly _deletions: Together<string>;
  private readonly _move: Files['rename'];
  private readonly _replace: Documents['overwrite'];
  /** Moves that were agreed to, and did not come about. */
  private readonly _agreed = new Set<string>();
}

function keyOf({ from, to }: IMove): string {
  return JSON.stringify([from, to]);
}
