import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';

/** What the repository makes hashes by: only its documents are guarded. */
export const HASH_ALGORITHM = 'omega-sha256';

/** A document that is open in this window. */
export interface IOpened {
  readonly context: DocumentRegistry.Context;
  /** The widget factory that it was opened with first. */
  readonly factory: string;
  readonly type: Contents.ContentType;
  readonly format: Contents.FileFormat;
  /** The hash of what it was opened or saved as last, null for what is not in the repository. */
  hash: string | null;
  /** What a save sent that was never answered: it may be there. */
  unsure?: unknown;
}

export interface IOpenedOptions {
  context: DocumentRegistry.Context;
  factory: string;
  type: Contents.ContentType;
  format: Contents.FileFormat;
}

/**
 * The documents that are open in this window. A path may be open twice, as a notebook and as a
 * text, each with a state of its own; widgets that share their state are one document.
 */
export class OpenedDocuments {
  add({ context, ...rest }: IOpenedOptions): void {
    if (!this._known.has(context)) {
      this._known.set(context, { context, ...rest, hash: null });
      context.disposed.connect(() => this._known.delete(context));
    }
  }

  /** All that is open. */
  all(): IOpened[] {
    return [...this._known.values()];
  }

  /** What is open at a path and of the repository. */
  at(path: string): IOpened[] {
    return this.all().filter(opened => opened.context.path === path && hashOf(opened) !== null);
  }

  /** What is open at a path in this form. */
  find(
    path: string,
    type: string | undefined,
    format: string | null | undefined
  ): IOpened | undefined {
    return this.at(path).find(
      opened => opened.type === type && (type === 'notebook' || opened.format === format)
    );
  }

  /** Take down what was read for an open document. */
  read(path: string, type: string | undefined, model: Contents.IModel): void {
    for (const opened of this.all()) {
      if (opened.context.path === path && opened.type === type) {
        opened.hash = model.hash_algorithm === HASH_ALGORITHM ? (model.hash ?? null) : null;
      }
    }
  }

  private readonly _known = new Map<DocumentRegistry.Context, IOpened>();
}

/** The hash of what a document was opened or saved as last; null if it is of no repository. */
export function hashOf({ context, hash }: IOpened): string | null {
  const model = context.contentsModel;
  // A new document was saved before anybody knew that it is one of the repository.
  return hash ?? (model?.hash_algorithm === HASH_ALGORITHM ? (model.hash ?? null) : null);
}
