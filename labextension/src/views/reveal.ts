/** How often it is looked for what is about to be drawn, and how far apart, in milliseconds. */
const LOOKS = 20;
const PAUSE = 100;

/** Bring into sight, with the focus on it, what a selector finds as soon as it is there. */
export async function reveal(selector: string): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    const found = document.querySelector<HTMLElement>(selector);
    if (found) {
      found.scrollIntoView({ block: 'nearest' });
      found.focus();
      return;
    }
    await new Promise(resolve => setTimeout(resolve, PAUSE));
  }
}
