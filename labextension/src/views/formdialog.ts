import { Dialog } from '@jupyterlab/apputils';
import type { ISignal } from '@lumino/signaling';
import type { Message } from '@lumino/messaging';

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

/** What of a form the dialog would take keys from that mean something there. */
const CONTROLS = '.jp-Dialog-body button, .jp-Dialog-body summary';
const OWN_KEYS = ['Enter', 'ArrowLeft', 'ArrowRight'];
const FOCUSABLE = 'input, select, textarea, button, summary';

/** A dialog that closes only when what it asks for was done, or when it is cancelled. */
export class FormDialog extends Dialog<void> {
  constructor(options: IFormDialogOptions) {
    super(options);
    this.addClass('jp-Omega-dialog');
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

  /** Whether a key is none of the dialog's business, or was answered here. */
  private _handleKey(event: KeyboardEvent): boolean {
    const target = event.target as HTMLElement;
    if (OWN_KEYS.includes(event.key) && target.closest(CONTROLS)) {
      return true;
    }
    // The first thing to reach was not there yet when the dialog looked for it.
    const buttons = [...this.node.querySelectorAll('.jp-Dialog-footer button:enabled')];
    if (event.key === 'Tab' && !event.shiftKey && target === buttons[buttons.length - 1]) {
      const first = this.node
        .querySelector<HTMLElement>('.jp-Dialog-body')
        ?.querySelector(FOCUSABLE);
      if (first instanceof HTMLElement) {
        event.preventDefault();
        event.stopPropagation();
        first.focus();
        return true;
      }
    }
    return false;
  }

  private async _submit(index?: number): Promise<void> {
    this._setBusy(true);
    try {
      if (await this._options.submit()) {
        super.resolve(index);
      }
    } finally {
      this._setBusy(false);
    }
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
