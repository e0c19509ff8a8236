import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import type { FileBrowser } from '@jupyterlab/filebrowser';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator } from '@jupyterlab/translation';

import { bucketIcon } from '../icons';
import { patternOf } from '../models/place';
import { DOMAIN } from '../tokens';

/** Gives the buckets that are shown beside one's own an icon in the file browser. */
export const bucketsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:buckets',
  description: 'Gives buckets an icon in the file browser.',
  autoStart: true,
  requires: [IFileBrowserFactory, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    { tracker }: IFileBrowserFactory,
    translator: ITranslator
  ): void => {
    // Entries are drawn once: the page itself says it, for the first answer comes too late.
    const names = JSON.parse(PageConfig.getOption('omegaBuckets') || '[]') as string[];
    if (names.length === 0) {
      return;
    }
    app.docRegistry.addFileType({
      name: 'omega-bucket',
      displayName: translator.load(DOMAIN).__('Bucket'),
      contentType: 'directory',
      mimeTypes: [],
      extensions: [],
      pattern: patternOf(names),
      icon: bucketIcon
    });
    tracker.forEach(markTop);
    tracker.widgetAdded.connect((_, browser) => markTop(browser));
  }
};

/**
 * Mark a file browser while it shows the top. JupyterLab knows a folder by its own name alone: in
 * another folder one of that name is no bucket, and the icon shows a folder there.
 */
function markTop(browser: FileBrowser): void {
  const { model } = browser;
  const mark = (): void => {
    const path = model.manager.services.contents.localPath(model.path);
    browser.toggleClass('jp-mod-omegaTop', path === '');
  };
  model.pathChanged.connect(mark);
  mark();
}
