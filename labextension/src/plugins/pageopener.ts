import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { WidgetTracker } from '@jupyterlab/apputils';

export interface IPageOpenerOptions {
  /** Under which the pages that are open are remembered. */
  namespace: string;
  /** What opens a page again, given its `id`. */
  command: string;
  shell: JupyterFrontEnd.IShell;
  restorer: ILayoutRestorer | null;
  open: (id: string) => MainAreaWidget;
}

/** Return what shows the page about a thing in the main area: the one that is open, or a new one. */
export function pageOpener(options: IPageOpenerOptions): (id: string) => void {
  const { namespace, command, shell, restorer, open } = options;
  const tracker = new WidgetTracker<MainAreaWidget>({ namespace });
  const ids = new WeakMap<MainAreaWidget, string>();
  const idOf = (page: MainAreaWidget): string => ids.get(page) ?? '';
  void restorer?.restore(tracker, { command, args: page => ({ id: idOf(page) }), name: idOf });
  return id => {
    let page = tracker.find(each => idOf(each) === id);
    if (!page) {
      page = open(id);
      ids.set(page, id);
      shell.add(page, 'main', { type: 'Omega' });
      void tracker.add(page);
    }
    shell.activateById(page.id);
  };
}
