import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { asWritten, isNotebook } from '../models/conflict';
import { formatTime } from './format';
import type { IRendering } from './rendering';
import { Loading } from './states';

/** The state that somebody else has saved. */
export interface ITheirs {
  /** Who saved it, "" where nobody knows. */
  owner: string;
  /** Whether a run wrote it. */
  byRun: boolean;
  modified: string;
  revision: number | null;
  content: unknown;
}

export interface IConflictProps {
  path: string;
  theirs: ITheirs;
  /** What is shown here, and is not saved. */
  ours: unknown;
  rendering: IRendering;
  trans: TranslationBundle;
}

// What compares is heavier than the rest: it is loaded when it is needed.
const NotebookDiff = React.lazy(async () => ({
  default: (await import('./notebookdiff')).NotebookDiff
}));
const SourceDiff = React.lazy(async () => ({
  default: (await import('./sourcediff')).SourceDiff
}));

/** Who has saved what in the meantime, how it differs, and what each answer does. */
export function Conflict(props: IConflictProps): JSX.Element {
  const { path, theirs, ours, trans } = props;
  const [compared, setCompared] = React.useState(false);
  const comparable = isNotebook(ours) ? isNotebook(theirs.content) : typeof ours === 'string';
  const name = path.split('/').pop() ?? path;
  return (
    <div className="jp-Omega-conflict">
      <p>
        <bdi title={path}>{name}</bdi>{' '}
        <span title={formatTime(theirs.modified)}>{tellWho(theirs, trans)}</span>{' '}
        {trans.__('What you changed here is not saved yet.')}
      </p>
      <dl>
        <Answer label={trans.__('Overwrite')}>
          {trans.__('Yours becomes the newest revision. Theirs stays in the History.')}
        </Answer>
        <Answer label={trans.__('Save as copy')}>
          {trans.__('Yours goes into a new document next to it. Here theirs is shown.')}
        </Answer>
        <Answer label={trans.__('Discard mine')}>
          {trans.__('Theirs is shown. What you changed since you opened or saved it is gone.')}
        </Answer>
      </dl>
      {comparable && (
        <Button
          className="jp-mod-styled"
          aria-expanded={compared}
          onClick={() => setCompared(!compared)}
        >
          {compared ? trans.__('Hide differences') : trans.__('Show differences')}
        </Button>
      )}
      {compared && (
        <div className="jp-Omega-conflictDiff" tabIndex={0} aria-label={trans.__('Differences')}>
          <React.Suspense fallback={<Loading label={trans.__('Loading…')} />}>
            <Differences {...props} />
          </React.Suspense>
        </div>
      )}
    </div>
  );
}

function Answer({ label, children }: React.PropsWithChildren<{ label: string }>): JSX.Element {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Differences({ path, theirs, ours, rendering, trans }: IConflictProps): JSX.Element {
  const titles: [string, string] = [trans.__('Theirs, saved'), trans.__('Yours, not saved yet')];
  if (isNotebook(theirs.content) && isNotebook(ours)) {
    return (
      <NotebookDiff
        before={asWritten(theirs.content)}
        after={asWritten(ours)}
        titles={titles}
        rendering={rendering}
        trans={trans}
      />
    );
  }
  return (
    <div className="jp-Omega-diff">
      <div className="jp-Omega-diffTitles">
        {titles.map(title => (
          <span key={title}>{title}</span>
        ))}
      </div>
      <SourceDiff
        before={String(theirs.content)}
        after={String(ours)}
        mimeType={rendering.mimeTypes.getMimeTypeByFilePath(path)}
        languages={rendering.languages}
        label={trans.__('Differences')}
      />
    </div>
  );
}

function tellWho(theirs: ITheirs, trans: TranslationBundle): string {
  const { owner, byRun, modified, revision } = theirs;
  const when = Time.formatHuman(modified);
  if (byRun) {
    return trans.__('was written by a run %1, after you opened it.', when);
  }
  if (owner === '' || revision === null) {
    return trans.__('was saved elsewhere %1, after you opened it.', when);
  }
  return trans.__(
    'was saved by %1 %2 as revision %3, after you opened it here.',
    owner,
    when,
    revision
  );
}
