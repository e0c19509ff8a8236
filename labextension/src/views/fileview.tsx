import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IObject } from '../client/objects';
import type { FileContent } from '../models/filecontent';
import { formatSize } from './format';
import { SourceDiff, SourceView } from './sourcediff';
import { Empty } from './states';

/** A file as it was at a revision. */
export interface IFileState {
  object: IObject;
  content: FileContent;
}

interface IFileContext {
  languages: IEditorLanguageRegistry;
  trans: TranslationBundle;
}

export interface IFileViewProps extends IFileContext {
  state: IFileState;
}

/** What a file was: text and images are shown, of all else it is said what can be done. */
export function FileView({ state, languages, trans }: IFileViewProps): JSX.Element {
  const { object, content } = state;
  if (object.size === 0) {
    const hint = trans.__('It has no bytes at this revision.');
    return <Empty title={trans.__('This file is empty')} hint={hint} />;
  }
  switch (content.form) {
    case 'text':
      return (
        <div className="jp-Omega-fileView">
          {content.encoding === 'Latin-1' && (
            <p className="jp-Omega-hint">
              {trans.__('This text is not UTF-8: it is shown as Latin-1.')}
            </p>
          )}
          <SourceView
            text={content.text}
            fileName={object.name}
            languages={languages}
            label={trans.__('Revision %1', object.revision)}
          />
        </div>
      );
    case 'image':
      return <Picture image={content.image} label={trans.__('Revision %1', object.revision)} />;
    case 'large':
      return (
        <Empty
          title={trans.__('This is too large to be shown: %1', formatSize(object.size))}
          hint={trans.__('Download this revision to look at it. It is restored all the same.')}
        />
      );
    case 'binary':
      return (
        <Empty
          title={trans.__('This is a binary file: %1', formatSize(object.size))}
          hint={trans.__('Download this revision to look at it. It is restored all the same.')}
        />
      );
  }
}

export interface IFileDiffProps extends IFileContext {
  before: IFileState;
  after: IFileState;
}

/** Two states of a file side by side. */
export function FileDiff(props: IFileDiffProps): JSX.Element {
  const { before, after, trans } = props;
  if (before.object.hash !== null && before.object.hash === after.object.hash) {
    const hint = trans.__('Not one byte differs.');
    return <Empty title={trans.__('The two are the same')} hint={hint} />;
  }
  return (
    <div className="jp-Omega-diff jp-Omega-fileDiff">
      <div className="jp-Omega-diffTitles">
        {[before, after].map(({ object }) => (
          <span key={object.revision}>
            {trans.__('Revision %1 · %2', object.revision, formatSize(object.size))}
          </span>
        ))}
      </div>
      <Differences {...props} />
    </div>
  );
}

function Differences(props: IFileDiffProps): JSX.Element {
  const { before, after, languages, trans } = props;
  const [old, now] = [before.content, after.content];
  if (old.form === 'text' && now.form === 'text') {
    return old.text === now.text ? (
      <p className="jp-Omega-hint">
        {trans.__('The texts are the same: only their encoding differs.')}
      </p>
    ) : (
      <SourceDiff
        before={old.text}
        after={now.text}
        fileName={after.object.name}
        languages={languages}
        label={trans.__('Differences')}
      />
    );
  }
  if (old.form === 'image' && now.form === 'image') {
    return (
      <div className="jp-Omega-outputs">
        {[before, after].map(state => (
          <FileView key={state.object.revision} {...props} state={state} />
        ))}
      </div>
    );
  }
  return (
    <Empty
      title={
        old.form === 'large' || now.form === 'large'
          ? trans.__('They differ, and are too large to be compared here')
          : trans.__('They differ, and are no texts that could be compared')
      }
      hint={trans.__('Download the two revisions to compare them.')}
    />
  );
}

function Picture({ image, label }: { image: Blob; label: string }): JSX.Element {
  const [url, setUrl] = React.useState<string | null>(null);
  React.useEffect(() => {
    const made = URL.createObjectURL(image);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [image]);
  return <div className="jp-Omega-picture">{url !== null && <img src={url} alt={label} />}</div>;
}
