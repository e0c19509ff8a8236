import type { Widget } from '@lumino/widgets';

export interface IRoom {
  /** How high the section is at least, in pixels: below it nobody could work in it. */
  least: () => number;
  /** Whether it has nothing to show, and takes no more room than it needs to say so. */
  isEmpty?: () => boolean;
  /** Called when it needs another room than before; `empty` says that it is empty, or was. */
  changed?: (empty: boolean) => void;
}

/**
 * Keep the room of a section of an accordion in step with what it shows. Where the sections need
 * more than there is, the accordion grows, and what it is in is scrolled.
 */
export function keepRoom(section: Widget, { least, isEmpty, changed }: IRoom): void {
  const { node } = section;
  const fit = (): void => {
    if (node.clientWidth === 0 || node.querySelector('.jp-Omega-spinner')) {
      return; // it is not seen, or there will be more in a moment
    }
    const { minHeight, maxHeight } = node.style;
    node.style.maxHeight = isEmpty?.() ? `${heightOf(section)}px` : '';
    node.style.minHeight = node.style.maxHeight || `${least()}px`;
    const empty = node.style.maxHeight !== maxHeight;
    if (empty || node.style.minHeight !== minHeight) {
      section.parent?.fit();
      changed?.(empty);
    }
  };
  const drawn = new MutationObserver(fit);
  drawn.observe(node, { childList: true, subtree: true });
  const resized = new ResizeObserver(fit);
  resized.observe(node);
  section.disposed.connect(() => {
    drawn.disconnect();
    resized.disconnect();
  });
}

/** What all that a section shows would need, in pixels. */
export function heightOf({ node }: Widget): number {
  const parts = Array.from(node.querySelector('.jp-Omega-section')?.children ?? []);
  const shown = parts.flatMap(part =>
    part.matches('.jp-Omega-scroll') ? Array.from(part.children) : [part]
  );
  return shown.reduce((sum, part) => sum + (part as HTMLElement).offsetHeight, 0);
}
