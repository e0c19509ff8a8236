import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

/** Where a command was asked for, as the settings schema says it. */
type Place = 'filebrowser' | 'notebook' | undefined;

export interface ITargetsOptions {
  shell: JupyterFrontEnd.IShell;
  browsers: IFileBrowserFactory | null;
  notebooks: INotebookTracker | null;
  documents: IDocumentManager;
  trans: TranslationBundle;
}

/** Which notebooks a command is about. */
export class Targets {
  constructor(private readonly _options: ITargetsOptions) {}

  /**
   * The contents paths meant: `args.path`, or what is selected in the file browser, or the
   * notebook that is looked at, in this order unless `args.place` says where to look.
   */
  paths(args: ReadonlyPartialJSONObject): string[] {
    if (typeof args.path === 'string') {
      return [args.path];
    }
    const place = args.place as Place;
    if (place === 'filebrowser') {
      return this._selected();
    }
    const current = this._current();
    return current !== null ? [current] : place === 'notebook' ? [] : this._selected();
  }

  /** As `paths`, of any files: notebooks are only some of them. */
  files(args: ReadonlyPartialJSONObject): string[] {
    if (typeof args.path === 'string') {
      return [args.path];
    }
    const { documents, shell } = this._options;
    const place = args.place as Place;
    const shown = shell.currentWidget && documents.contextForWidget(shell.currentWidget);
    if (place !== 'filebrowser' && shown) {
      return [shown.path];
    }
    return place === 'notebook' ? [] : this._selected(({ type }) => type !== 'directory');
  }

  /**
   * Save the notebook at `path` where it is open and has unsaved changes.
   *
   * @throws When it cannot be saved: what is run is what is seen, or nothing.
   */
  async save(path: string): Promise<void> {
    const widget = this._options.documents.findWidget(path, null);
    if (widget?.context.model.dirty) {
      if (widget.context.contentsModel?.writable === false) {
        throw new Error(
          this._options.trans.__(
            'It is read-only and has changes: close it, or save it elsewhere.'
          )
        );
      }
      await widget.context.save();
      if (widget.context.model.dirty) {
        throw new Error(this._options.trans.__('%1 is not saved.', path));
      }
    }
  }

  private _current(): string | null {
    const { notebooks, shell } = this._options;
    const panel = notebooks?.currentWidget;
    return panel && panel === shell.currentWidget ? panel.context.path : null;
  }

  private _selected(
    isMeant: (item: Contents.IModel) => boolean = ({ type }) => type === 'notebook'
  ): string[] {
    const browser = this._options.browsers?.tracker.currentWidget;
    return browser
      ? Array.from(browser.selectedItems())
          .filter(isMeant)
          .map(item => item.path)
      : [];
  }
}
