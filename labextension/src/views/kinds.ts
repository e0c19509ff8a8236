import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import {
  fileIcon,
  folderIcon,
  notebookIcon,
  spreadsheetIcon,
  textEditorIcon,
  variableIcon
} from '@jupyterlab/ui-components';

import type { IObject, StoreName } from '../client/objects';
import type { IRun } from '../client/runs';
import { modelIcon } from '../icons';

const ICONS: [prefix: string, icon: LabIcon][] = [
  ['folder', folderIcon],
  ['notebook', notebookIcon],
  ['file', fileIcon],
  ['python.value', variableIcon],
  ['python.', textEditorIcon],
  ['pandas.', spreadsheetIcon],
  ['dask.', spreadsheetIcon],
  ['sklearn.', modelIcon]
];

const STORE_ICONS: Record<StoreName, LabIcon> = {
  datasets: spreadsheetIcon,
  models: modelIcon,
  jobs: notebookIcon,
  scripts: textEditorIcon
};

/** The icon of an object's kind; of its store, when the kind is a guest's. */
export function iconOf(object: Pick<IObject, 'kind' | 'store'>): LabIcon {
  const found = ICONS.find(([prefix]) => object.kind.startsWith(prefix));
  return found ? found[1] : STORE_ICONS[object.store];
}

/** The icon of what a run executed. */
export function iconOfRun({ kind }: Pick<IRun, 'kind'>): LabIcon {
  return kind === 'model' ? modelIcon : kind === 'script' ? textEditorIcon : notebookIcon;
}

/** What a run executed, in the reader's language. */
export function executedLabel({ kind }: Pick<IRun, 'kind'>, trans: TranslationBundle): string {
  const labels: Record<IRun['kind'], string> = {
    job: trans.__('Notebook'),
    model: trans.__('Model'),
    script: trans.__('Script'),
    local: trans.__('Experiment')
  };
  return labels[kind];
}

/** A store's name in the reader's language. */
export function storeLabel(store: StoreName, trans: TranslationBundle): string {
  const labels: Record<StoreName, string> = {
    datasets: trans.__('Datasets'),
    models: trans.__('Models'),
    jobs: trans.__('Jobs'),
    scripts: trans.__('Scripts')
  };
  return labels[store];
}

/** What would fill a store that is empty. */
export function storeHint(store: StoreName, trans: TranslationBundle): string {
  const hints: Record<StoreName, string> = {
    datasets: trans.__('Put one from a notebook: om.datasets.put(df, "name")'),
    models: trans.__('Put one from a notebook: om.models.put(model, "name")'),
    jobs: trans.__('Save a notebook in the file browser, or: om.jobs.put(notebook, "name")'),
    scripts: trans.__('Put one from a notebook: om.scripts.put(path, "name")')
  };
  return hints[store];
}
