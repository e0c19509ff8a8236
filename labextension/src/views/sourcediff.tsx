import { jupyterTheme } from '@jupyterlab/codemirror';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { MergeView } from '@codemirror/merge';
import type { Extension } from '@codemirror/state';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import * as React from 'react';

/** So many unchanged lines are shown around a change; the others are folded. */
const AROUND = { margin: 3, minSize: 6 };

/** Milliseconds of looking for the smallest difference; then a coarser one has to do. */
const PATIENCE = { timeout: 1500 };

const READ_ONLY: readonly Extension[] = [
  jupyterTheme,
  EditorView.lineWrapping,
  EditorView.editable.of(false),
  EditorState.readOnly.of(true)
];

export interface ISourceDiffProps {
  before: string;
  after: string;
  /** What it is written in, or the name of the file that it is from. */
  mimeType?: string;
  fileName?: string;
  languages: IEditorLanguageRegistry;
  label: string;
}

/** Two texts side by side, with what differs marked down to the letter. */
export function SourceDiff(props: ISourceDiffProps): JSX.Element {
  const { before, after, mimeType, fileName, languages, label } = props;
  const host = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    let view: MergeView | null = null;
    let gone = false;
    void supportOf({ mimeType, fileName }, languages).then(support => {
      if (!gone && host.current) {
        // Cells are short; of a file one wants to know where.
        const numbers = fileName === undefined ? [] : lineNumbers();
        const extensions = [...READ_ONLY, numbers, support];
        view = new MergeView({
          a: { doc: before, extensions },
          b: { doc: after, extensions },
          parent: host.current,
          collapseUnchanged: AROUND,
          gutter: true,
          diffConfig: PATIENCE
        });
      }
    });
    return () => {
      gone = true;
      view?.destroy();
    };
  }, [before, after, mimeType, fileName, languages]);
  return <div ref={host} className="jp-Omega-sourceDiff" role="group" aria-label={label} />;
}

export interface ISourceViewProps {
  text: string;
  fileName: string;
  languages: IEditorLanguageRegistry;
  label: string;
}

/** A text to be read. */
export function SourceView({ text, fileName, languages, label }: ISourceViewProps): JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    let view: EditorView | null = null;
    let gone = false;
    void supportOf({ fileName }, languages).then(support => {
      if (!gone && host.current) {
        const extensions = [...READ_ONLY, lineNumbers(), support];
        view = new EditorView({ doc: text, extensions, parent: host.current });
      }
    });
    return () => {
      gone = true;
      view?.destroy();
    };
  }, [text, fileName, languages]);
  return <div ref={host} className="jp-Omega-sourceView" role="group" aria-label={label} />;
}

/** The colours of a language, none where it is not known or cannot be had. */
async function supportOf(
  { mimeType, fileName }: Pick<ISourceDiffProps, 'mimeType' | 'fileName'>,
  languages: IEditorLanguageRegistry
): Promise<Extension> {
  const known =
    mimeType === undefined
      ? languages.findByFileName(fileName ?? '')
      : languages.findByMIME(mimeType);
  const language = known && (await languages.getLanguage(known));
  return language?.support ?? [];
}
