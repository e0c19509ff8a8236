import { Dialog } from '@jupyterlab/apputils';
import type { ISignal } from '@lumino/signaling';
import type { Message } from '@lumino/messaging';

import { keepFocus } from './focuskeeper';

/** Tells whether what a form holds cannot be submitted. */
export interface IGuard {
  readonly blocked: boolean;
  readonly changed: ISignal<unknown, void>;
}

export interface IFormDialogOptions extends Partial<Dialog.IOptions<void>> {
  buttons: Dialog.IButton[];
  /** Do what the form is for. False leaves the dialog open: the form tells why. */
  submit: () => Promise<boolean>;
  /** While it is blocked, the button that submits is disabled. */
  guard?: IGuard;
}

/** Until what a form tells is drawn, in milliseconds. */
const DRAWN = 60;
/** What asks for something and goes when it is told. */
const PASSING = '.lm-Menu, .lm-MenuBar, .lm-CommandPalette, .jp-Dialog';
let lastFocus: HTMLElement | null = null;

/** Note what has the focus, so that a dialog gives it back though it was asked for in a menu. */
export function noteFocus(): void {
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof HTMLElement && !target.closest(PASSING)) {
      lastFocus = target;
    }
  });
}

/** What of a form the dialog would take keys from that mean something there. */
const CONTROLS = '.jp-Dialog-body button, .jp-Dialog-body summary';
const OWN_KEYS = ['Enter', 'ArrowLeft', 'ArrowRight'];
const FOCUSABLE =
  'input:enabled:not([type="radio"]:not(:checked)), select:enabled, textarea:enabled, ' +
  'button:enabled, summary, a[href]';

/** A dialog that closes only when what it asks for was done, or when it is cancelled. */
export class FormDialog extends Dialog<void> {
  constructor(options: IFormDialogOptions) {
    super(options);
    this.addClass('jp-Omega-dialog');
    keepFocus(this);
    this._options = options;
    options.guard?.changed.connect(this._update, this);
  }

  override dispose(): void {
    this._options.guard?.changed.disconnect(this._update, this);
    super.dispose();
  }

  override resolve(index?: number): void {
    const buttons = this._options.buttons;
    const button = buttons[index ?? buttons.length - 1];
    if (!button.accept) {
      super.resolve(index);
    } else if (!this._busy) {
      void this._submit(index);
    }
  }

  override handleEvent(event: Event): void {
    if (!(event instanceof KeyboardEvent && this._handleKey(event))) {
      super.handleEvent(event);
    }
    if (event.type === 'input') {
      this._update(); // the dialog has just looked for itself
    }
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._update();
  }

  protected override onAfterDetach(msg: Message): void {
    super.onAfterDetach(msg);
    if (document.activeElement === document.body) {
      lastFocus?.focus();
    }
  }

  /** Whether a key is none of the dialog's business, or was answered here. */
  private _handleKey(event: KeyboardEvent): boolean {
    const target = event.target as HTMLElement;
    if (OWN_KEYS.includes(event.key) && target.closest(CONTROLS)) {
      return true;
    }
    if (event.key !== 'Tab') {
      return false;
    }
    const stops = this._stops();
    if (event.shiftKey) {
      stops.reverse();
    }
    if (target === stops[stops.length - 1]) {
      event.preventDefault();
      event.stopPropagation();
      stops[0].focus();
      return true;
    }
    return false;
  }

  /** What Tab reaches, in order. (The dialog has looked when the form was not there yet.) */
  private _stops(): HTMLElement[] {
    const all = this.node.querySelectorAll<HTMLElement>(FOCUSABLE);
    return Array.from(all).filter(stop => stop.checkVisibility());
  }

  private async _submit(index?: number): Promise<void> {
    this._setBusy(true);
    try {
      if (await this._options.submit()) {
        super.resolve(index);
      } else {
        // What has to be mended is where somebody types next.
        window.setTimeout(() => this._showRefused(), DRAWN);
      }
    } finally {
      this._setBusy(false);
    }
  }

  private _showRefused(): void {
    const refused = this.node.querySelector<HTMLElement>('[aria-invalid="true"]');
    refused?.focus();
    refused?.scrollIntoView({ block: 'center' }); // with the reason, which stands below
  }

  private _setBusy(busy: boolean): void {
    this._busy = busy;
    this.node.setAttribute('aria-busy', String(busy));
    this.toggleClass('jp-mod-busy', busy);
  }

  private _update(): void {
    const { guard } = this._options;
    const button = this.node.querySelector<HTMLButtonElement>('.jp-Dialog-footer .jp-mod-accept');
    if (guard && button) {
      button.disabled = guard.blocked;
    }
  }

  private readonly _options: IFormDialogOptions;
  private _busy = false;
}
