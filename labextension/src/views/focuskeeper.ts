import type { Widget } from '@lumino/widgets';

const TAB_STOPS =
  'button:enabled, select:enabled, input:enabled, textarea:enabled, summary, [tabindex]';
/** A list that loads shows this; what comes after it is what is waited for. */
const LOADING = '.jp-Omega-spinner';
/** How long, in milliseconds, what goes may come back in another shape. */
const PATIENCE = 150;

/**
 * Keep the focus near the thing that had it, when that is taken from the page.
 *
 * A browser gives the focus to the page as a whole then, where keys mean nothing, and Tab begins
 * from the top. What is near is, first, the same entry, or the one that comes to stand in its
 * place; else what can be reached in the part of the page that is left of where it was.
 */
export function keepFocus(widget: Widget): void {
  const keeper = new FocusKeeper(widget.node);
  widget.disposed.connect(() => keeper.stop());
}

/** Where the focus was. */
interface ITrace {
  element: HTMLElement;
  /** What it was in, from the inside to the outside. */
  around: HTMLElement[];
  /** Which entry of its list, and which of the buttons of that one. */
  key: string | null;
  index: number;
  button: number;
  buttons: number;
}

class FocusKeeper {
  constructor(private readonly _root: HTMLElement) {
    _root.addEventListener('focusin', this._note);
    this._observer = new MutationObserver(() => this._look());
    this._observer.observe(_root, {
      childList: true,
      subtree: true,
      attributeFilter: ['disabled']
    });
  }

  stop(): void {
    window.clearTimeout(this._timer);
    this._root.removeEventListener('focusin', this._note);
    this._observer.disconnect();
  }

  private readonly _note = ({ target }: FocusEvent): void => {
    this._had = traceOf(target as HTMLElement, this._root);
  };

  private _look(): void {
    const had = this._had;
    if (!had || isReachable(had.element) || !isNowhere()) {
      return;
    }
    const near = entryNear(had);
    if (near) {
      near.focus();
      return;
    }
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      const place = had.around.find(each => each.isConnected);
      if (this._had === had && isNowhere() && place && !place.querySelector(LOADING)) {
        this._fallBack(had);
      }
    }, PATIENCE);
  }

  private _fallBack({ around }: ITrace): void {
    for (const place of around.filter(each => each.isConnected)) {
      const found =
        place.querySelector<HTMLElement>('[data-entry][tabindex="0"]') ?? firstStop(place);
      if (found) {
        found.focus();
        return;
      }
      if (place.matches('.jp-Omega-page')) {
        place.tabIndex = -1; // nothing in it can be reached: from here Tab goes on
        place.focus();
        return;
      }
    }
  }

  private readonly _observer: MutationObserver;
  private _had: ITrace | null = null;
  private _timer = 0;
}

function traceOf(element: HTMLElement, root: HTMLElement): ITrace {
  const around: HTMLElement[] = [];
  for (let at = element.parentElement; at && root.contains(at); at = at.parentElement) {
    around.push(at);
  }
  const entry = element.closest<HTMLElement>('[data-entry]');
  const buttons = entry ? stopsIn(entry) : [];
  return {
    element,
    around,
    key: entry && keyOf(entry),
    index: entry ? entriesIn(pageOf(around)).indexOf(entry) : -1,
    button: buttons.indexOf(element),
    buttons: buttons.length
  };
}

/** What of the list is where the entry was that had the focus, null where it was in none. */
function entryNear({ element, around, key, index, button, buttons }: ITrace): HTMLElement | null {
  const entries = entriesIn(pageOf(around));
  if (key === null || entries.length === 0) {
    return null;
  }
  const same = entries.find(each => keyOf(each) === key);
  if (same) {
    const now = stopsIn(same);
    const replaced = element.matches('button') && now.length === buttons ? now[button] : null;
    return replaced ?? same; // another button would do something else on the same key
  }
  const isIn = (inner: string, outer: string): boolean => inner.startsWith(`${outer}/`);
  if (isIn(keyOf(entries[0]), key)) {
    return entries[0]; // a folder was opened
  }
  const left = entries.find(each => isIn(key, keyOf(each)));
  return left ?? entries[Math.min(Math.max(index, 0), entries.length - 1)];
}

function pageOf(around: HTMLElement[]): HTMLElement | undefined {
  const page = around.find(each => each.matches('.jp-Omega-page'));
  return page ?? around[around.length - 1];
}

function entriesIn(place: HTMLElement | undefined): HTMLElement[] {
  return Array.from(place?.querySelectorAll<HTMLElement>('[data-entry]') ?? []);
}

function keyOf({ dataset }: HTMLElement): string {
  return dataset.id ?? dataset.name ?? dataset.run ?? dataset.revision ?? '';
}

function stopsIn(place: HTMLElement): HTMLElement[] {
  return Array.from(place.querySelectorAll<HTMLElement>(TAB_STOPS));
}

function firstStop(place: HTMLElement): HTMLElement | undefined {
  return stopsIn(place).find(each => each.tabIndex >= 0 && each.checkVisibility());
}

function isReachable(element: HTMLElement): boolean {
  return element.isConnected && !element.matches(':disabled');
}

function isNowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}
