import { jupyterTheme } from '@jupyterlab/codemirror';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { MergeView } from '@codemirror/merge';
import type { Extension } from '@codemirror/state';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import * as React from 'react';

/** So many unchanged lines are shown around a change; the others are folded. */
const AROUND = { margin: 3, minSize: 6 };

export interface ISourceDiffProps {
  before: string;
  after: string;
  /** What it is written in. */
  mimeType: string;
  languages: IEditorLanguageRegistry;
  label: string;
}

/** Two texts side by side, with what differs marked down to the letter. */
export function SourceDiff(props: ISourceDiffProps): JSX.Element {
  const { before, after, mimeType, languages, label } = props;
  const host = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    let view: MergeView | null = null;
    let gone = false;
    void supportOf(mimeType, languages).then(support => {
      if (!gone && host.current) {
        const extensions = [
          jupyterTheme,
          support,
          EditorView.lineWrapping,
          EditorView.editable.of(false),
          EditorState.readOnly.of(true)
        ];
        view = new MergeView({
          a: { doc: before, extensions },
          b: { doc: after, extensions },
          parent: host.current,
          collapseUnchanged: AROUND,
          gutter: true
        });
      }
    });
    return () => {
      gone = true;
      view?.destroy();
    };
  }, [before, after, mimeType, languages]);
  return <div ref={host} className="jp-Omega-sourceDiff" role="group" aria-label={label} />;
}

async function supportOf(
  mimeType: string,
  languages: IEditorLanguageRegistry
): Promise<Extension> {
  const known = languages.findByMIME(mimeType);
  const language = known && (await languages.getLanguage(known));
  return language?.support ?? [];
}
