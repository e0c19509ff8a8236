import type { IDocumentWidget } from '@jupyterlab/docregistry';

export interface IReloadOptions {
  /** What was typed is stored: a kernel that gets ready late makes a notebook count as changed. */
  saved?: boolean;
  /** Whether what is shown was kept after all. */
  kept?: () => boolean;
}

/** Load what is stored now, and stay at the place that was looked at; not over what was typed. */
export async function reload(
  widget: IDocumentWidget,
  { saved = false, kept = () => false }: IReloadOptions = {}
): Promise<void> {
  const { context } = widget;
  if (widget.isDisposed || !context.isReady || (context.model.dirty && !saved)) {
    return;
  }
  const scrolled = widget.node.querySelector('.jp-WindowedPanel-outer');
  const top = scrolled?.scrollTop ?? 0;
  try {
    await context.revert();
    if (!kept()) {
      context.model.dirty = false; // Jupyter completes the metadata, which is nobody's change
    }
  } catch {
    return; // The next change tries again; Jupyter has said what is the matter.
  }
  scrolled?.scrollTo({ top });
}
