import type { IDocumentWidget } from '@jupyterlab/docregistry';

/**
 * Load what is stored now, and stay at the place that was looked at; not over what was typed,
 * unless that is `saved`: a kernel that gets ready late makes a notebook count as changed.
 */
export async function reload(widget: IDocumentWidget, saved = false): Promise<void> {
  const { context } = widget;
  if (widget.isDisposed || !context.isReady || (context.model.dirty && !saved)) {
    return;
  }
  const scrolled = widget.node.querySelector('.jp-WindowedPanel-outer');
  const top = scrolled?.scrollTop ?? 0;
  try {
    await context.revert();
    context.model.dirty = false; // Jupyter completes the metadata, which is nobody's change
  } catch {
    return; // The next change tries again; Jupyter has said what is the matter.
  }
  scrolled?.scrollTo({ top });
}
