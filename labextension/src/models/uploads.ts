import type { Contents } from '@jupyterlab/services';

/** What a piece of an upload sends: with `upload`, which one it is of. */
type PieceOptions = Partial<Contents.IModel> &
  Contents.IContentProvisionOptions & { upload?: string };

/** Milliseconds without a piece after which an upload is taken for given up. */
const IDLE = 30_000;

interface IGoing {
  readonly mark: string;
  at: number;
}

export interface IUploadMarksOptions {
  /** What no other tab gives another upload. */
  newMark: () => string;
  /** What to say of an upload to a path that another one goes to. */
  refusal: (path: string) => string;
  now?: () => number;
}

/**
 * Lets the pieces of uploads say which upload they are of: else the server takes those of two tabs
 * that upload to one path for one.
 */
export class UploadMarks {
  constructor(private readonly _options: IUploadMarksOptions) {
    this._now = _options.now ?? Date.now;
  }

  /** Let all that a drive saves be marked. */
  mark(drive: Pick<Contents.IDrive, 'save'>): void {
    const save = drive.save.bind(drive);
    drive.save = (path, options) => this._save(save, path, options);
  }

  private async _save(
    save: Contents.IDrive['save'],
    path: string,
    options?: PieceOptions
  ): Promise<Contents.IModel> {
    if (!options?.chunk) {
      return save(path, options);
    }
    const going = this._going.get(path);
    if (options.chunk === 1 && going && this._now() - going.at < IDLE) {
      throw new Error(this._options.refusal(path));
    }
    const one = options.chunk === 1 || !going ? { mark: this._options.newMark(), at: 0 } : going;
    one.at = this._now();
    this._going.set(path, one);
    let ended = true;
    try {
      const model = await save(path, { ...options, upload: one.mark } as PieceOptions);
      one.at = this._now();
      ended = options.chunk === -1;
      return model;
    } finally {
      if (ended && this._going.get(path) === one) {
        this._going.delete(path);
      }
    }
  }

  private readonly _now: () => number;
  private readonly _going = new Map<string, IGoing>();
}
