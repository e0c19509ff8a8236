import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Contents } from '@jupyterlab/services';
import { IDefaultDrive } from '@jupyterlab/services';
import { ITranslator } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';

import { UploadMarks } from '../models/uploads';
import { DOMAIN } from '../tokens';

/** Keeps two uploads to one path apart. */
export const uploadsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:uploads',
  description: 'Keeps uploads of two tabs to one path apart.',
  autoStart: true,
  requires: [IDefaultDrive, ITranslator],
  activate: (_: JupyterFrontEnd, drive: Contents.IDrive, translator: ITranslator): void => {
    const trans = translator.load(DOMAIN);
    const marks = new UploadMarks({
      newMark: () => UUID.uuid4(),
      refusal: path => trans.__('“%1” is being uploaded already. Wait until that has ended.', path)
    });
    marks.mark(drive);
  }
};
