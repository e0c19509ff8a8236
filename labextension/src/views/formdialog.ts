import { Dialog } from '@jupyterlab/apputils';

export interface IFormDialogOptions extends Partial<Dialog.IOptions<void>> {
  buttons: Dialog.IButton[];
  /** Do what the form is for. False leaves the dialog open: the form tells why. */
  submit: () => Promise<boolean>;
}

/** A dialog that closes only when what it asks for was done, or when it is cancelled. */
export class FormDialog extends Dialog<void> {
  constructor(options: IFormDialogOptions) {
    super(options);
    this.addClass('jp-Omega-dialog');
    this._options = options;
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

  private readonly _options: IFormDialogOptions;
  private _busy = false;
}
