import type { IEditorMimeTypeService } from '@jupyterlab/codeeditor';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { ILanguageInfoMetadata, INotebookContent } from '@jupyterlab/nbformat';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookModel, StaticNotebook } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ITranslator } from '@jupyterlab/translation';

/** What of Jupyter draws notebooks. */
export interface IRendering {
  rendermime: IRenderMimeRegistry;
  contentFactory: NotebookPanel.IContentFactory;
  mimeTypes: IEditorMimeTypeService;
  languages: IEditorLanguageRegistry;
  translator: ITranslator;
}

/** Draw a notebook to be read: no kernel, nothing to change, and no script in its outputs runs. */
export function createNotebookView(
  content: INotebookContent,
  { rendermime, contentFactory, mimeTypes, translator }: IRendering
): StaticNotebook {
  const notebook = new StaticNotebook({
    rendermime: rendermime.clone(),
    contentFactory,
    mimeTypeService: mimeTypes,
    // Cells out of sight are drawn when there is time.
    notebookConfig: { ...StaticNotebook.defaultNotebookConfig, windowingMode: 'defer' },
    translator
  });
  const model = new NotebookModel({ translator });
  model.fromJSON({
    ...content,
    metadata: { ...content.metadata, language_info: languageOf(content) },
    cells: content.cells.map(cell => ({
      ...cell,
      metadata: { ...cell.metadata, editable: false, deletable: false }
    }))
  });
  notebook.model = model;
  notebook.addClass('jp-Omega-notebookView');
  notebook.disposed.connect(() => model.dispose());
  return notebook;
}

/** The MIME type of a notebook's code. */
export function codeTypeOf(content: INotebookContent, mimeTypes: IEditorMimeTypeService): string {
  return mimeTypes.getMimeTypeByLanguage(languageOf(content));
}

/** The language of a notebook; one that no kernel has ever completed tells less. */
function languageOf({ metadata }: INotebookContent): ILanguageInfoMetadata {
  const language = metadata.kernelspec?.language;
  return metadata.language_info ?? { name: typeof language === 'string' ? language : 'ipython' };
}
