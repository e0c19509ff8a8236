import type { Widget } from '@lumino/widgets';

/**
 * Let a section of an accordion that has nothing to show take no more room than it needs to say
 * so. `changed` is called when it is given less or more.
 */
export function keepSnug(section: Widget, isEmpty: () => boolean, changed: () => void): void {
  const { node } = section;
  const fit = (): void => {
    if (node.clientWidth === 0 || node.querySelector('.jp-Omega-spinner')) {
      return; // it is not seen, or there will be more in a moment
    }
    const height = isEmpty() ? `${heightOf(node)}px` : '';
    if (node.style.maxHeight !== height) {
      node.style.maxHeight = height;
      section.parent?.fit();
      changed();
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

/** What the lines of a section need in all. */
function heightOf(node: HTMLElement): number {
  const parts = Array.from(node.querySelector('.jp-Omega-section')?.children ?? []);
  return parts.reduce((sum, part) => sum + (part as HTMLElement).offsetHeight, 0);
}
