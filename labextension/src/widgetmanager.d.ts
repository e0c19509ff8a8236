/**
 * What we use of JupyterLab's manager of widgets. Whoever has ipywidgets has it in their Lab, which
 * shares it; installed for its types alone it would bring half of JupyterLab once more.
 */
declare module '@jupyter-widgets/jupyterlab-manager' {
  import type { DocumentRegistry } from '@jupyterlab/docregistry';
  import type { INotebookModel } from '@jupyterlab/notebook';
  import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
  import type { IDisposable } from '@lumino/disposable';
  import type { Panel } from '@lumino/widgets';

  /** Shows one widget, as soon as it is told whom to ask for it. */
  export class WidgetRenderer extends Panel {}

  /** Let widgets be shown by `rendermime`, and by those that wait already, as a context says. */
  export function registerWidgetManager(
    context: DocumentRegistry.IContext<INotebookModel>,
    rendermime: IRenderMimeRegistry,
    renderers: IterableIterator<WidgetRenderer>
  ): IDisposable;
}
