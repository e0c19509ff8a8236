import { MainAreaWidget } from '@jupyterlab/apputils';
import { historyIcon, ReactWidget } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import { Panel, SplitPanel } from '@lumino/widgets';
import * as React from 'react';

import { messageOf } from '../client/connection';
import type { IObject } from '../client/objects';
import type { IRevisionContext } from '../commands/revisions';
import {
  copyName,
  downloadRevision,
  dropTag,
  restoreRevision,
  tagRevision
} from '../commands/revisions';
import type { HistoryModel } from '../models/history';
import type { IFileState } from '../views/fileview';
import { keepFocus } from '../views/focuskeeper';
import type { IRendering } from '../views/rendering';
import { createNotebookView } from '../views/rendering';
import { RevisionBar } from '../views/revisionbar';
import { RevisionList } from '../views/revisionlist';
import { Empty, Failed, Loading } from '../views/states';

/** What comes sooner, in milliseconds, needs no sign that it is on its way. */
const LATE = 300;

/** How much of the page the list takes, and what is looked at. */
const SIZES = [3, 7];
/** In pixels. */
const NARROW = 620;

/** Kinds that can be shown as the bytes that are kept. */
const AS_BYTES = new Set(['file', 'notebook']);

export interface IHistoryPageOptions extends IRevisionContext {
  rendering: IRendering;
}

/** The history of an object, as a document: its revisions, and the one that is looked at. */
export function createHistoryPage(options: IHistoryPageOptions): MainAreaWidget<SplitPanel> {
  const { model, documents, trans } = options;
  const list = ReactWidget.create(<RevisionList model={model} trans={trans} />);
  list.addClass('jp-Omega-page');
  const bar = ReactWidget.create(
    <RevisionBar
      model={model}
      actions={{
        open: () => {
          if (model.newest?.path) {
            documents.openOrReveal(model.newest.path);
          }
        },
        restore: revision => void restoreRevision(options, revision),
        tag: revision => void tagRevision(options, revision),
        untag: tag => void dropTag(options, tag),
        download: revision => downloadRevision(options, revision),
        copyName: revision => void copyName(options, revision)
      }}
      trans={trans}
    />
  );
  bar.addClass('jp-Omega-revisionHead');
  const shown = new Panel();
  shown.addClass('jp-Omega-revisionShown');
  shown.addWidget(bar);
  shown.addWidget(new RevisionView(options));
  const content = new SplitPanel({ spacing: 1 });
  content.addWidget(list);
  content.addWidget(shown);
  content.setRelativeSizes(SIZES);
  const page = new MainAreaWidget({ content });
  page.addClass('jp-Omega-history');
  page.title.icon = historyIcon;
  const name = (): void => {
    page.title.label = trans.__('History of %1', model.name.split('/').pop());
    page.title.caption = model.bucket ? `${model.bucket}: ${model.name}` : model.name;
  };
  name();
  model.changed.connect(name);
  keepFocus(page);
  standBelowWhereNarrow(content);
  page.disposed.connect(() => model.dispose());
  return page;
}

/** Where there is no room beside the revisions, the one that is looked at stands below them. */
function standBelowWhereNarrow(content: SplitPanel): void {
  const observer = new ResizeObserver(() => {
    const { clientWidth: width } = content.node;
    const narrow = width < NARROW;
    if (width > 0 && narrow !== content.hasClass('jp-mod-narrow')) {
      content.toggleClass('jp-mod-narrow', narrow);
      content.orientation = narrow ? 'vertical' : 'horizontal';
      content.setRelativeSizes(SIZES);
    }
  });
  observer.observe(content.node);
  content.disposed.connect(() => observer.disconnect());
}

/** What was stored at the revision that is looked at, or how it differs from another one. */
class RevisionView extends Panel {
  constructor(private readonly _options: IHistoryPageOptions) {
    super();
    this.addClass('jp-Omega-revisionView');
    _options.model.changed.connect(this._onChanged, this);
    this._onChanged(_options.model);
  }

  private _onChanged({ selected, base }: HistoryModel): void {
    if (!selected) {
      return;
    }
    const wanted = `${selected.revision} ${base?.revision ?? ''}`;
    if (wanted !== this._wanted) {
      this._wanted = wanted;
      void this._draw(selected, base, wanted);
    }
  }

  private async _draw(selected: IObject, base: IObject | null, wanted: string): Promise<void> {
    const { trans } = this._options;
    const late = window.setTimeout(
      () => this._show(state(<Loading label={trans.__('Loading…')} />), wanted),
      LATE
    );
    let widget: Widget;
    try {
      widget = await this._render(selected, base);
    } catch (error) {
      const retry = (): void => void this._draw(selected, base, wanted);
      widget = state(<Failed message={messageOf(error)} retry={retry} trans={trans} />);
    } finally {
      window.clearTimeout(late);
    }
    this._show(widget, wanted);
  }

  private async _render(selected: IObject, base: IObject | null): Promise<Widget> {
    const { model, rendering, trans } = this._options;
    const kinds = new Set([selected.kind, base?.kind ?? selected.kind]);
    if (kinds.has('file') && [...kinds].every(kind => AS_BYTES.has(kind))) {
      return this._renderFile(selected, base);
    }
    if (selected.kind !== 'notebook' || kinds.size > 1) {
      return state(
        <Empty
          title={trans.__('This kind of object is not shown: %1', selected.kind)}
          hint={trans.__(
            'In a notebook: om.%1.get("%2@%3")',
            model.store,
            model.name,
            selected.revision
          )}
        />
      );
    }
    if (!base) {
      return createNotebookView(await model.content(selected.revision), rendering);
    }
    const [older, newer] = inOrder(base, selected);
    // What compares is heavier than the rest: it is loaded when it is needed.
    const [before, after, { NotebookDiff }] = await Promise.all([
      model.content(older.revision),
      model.content(newer.revision),
      import('../views/notebookdiff')
    ]);
    const title = ({ revision }: IObject): string => trans.__('Revision %1', revision);
    return state(
      <NotebookDiff
        before={before}
        after={after}
        titles={[title(older), title(newer)]}
        rendering={rendering}
        trans={trans}
      />
    );
  }

  /** What is kept as bytes: a file, and beside one a notebook too. */
  private async _renderFile(selected: IObject, base: IObject | null): Promise<Widget> {
    const { model, rendering, trans } = this._options;
    const { languages } = rendering;
    const stateOf = async (object: IObject): Promise<IFileState> => ({
      object,
      content: await model.file(object)
    });
    const views = import('../views/fileview'); // the editor is loaded when it is needed
    if (!base) {
      const [shown, { FileView }] = await Promise.all([stateOf(selected), views]);
      return state(<FileView state={shown} languages={languages} trans={trans} />);
    }
    const [older, newer] = inOrder(base, selected);
    const [before, after, { FileDiff }] = await Promise.all([
      stateOf(older),
      stateOf(newer),
      views
    ]);
    return state(<FileDiff before={before} after={after} languages={languages} trans={trans} />);
  }

  private _show(widget: Widget, wanted: string): void {
    if (this.isDisposed || wanted !== this._wanted) {
      widget.dispose(); // something else is looked at now
      return;
    }
    for (const old of [...this.widgets]) {
      old.dispose();
    }
    this.addWidget(widget);
  }

  private _wanted = '';
}

/** Two revisions, the older one first. */
function inOrder(one: IObject, other: IObject): [older: IObject, newer: IObject] {
  return one.revision < other.revision ? [one, other] : [other, one];
}

function state(element: JSX.Element): ReactWidget {
  return ReactWidget.create(element);
}
