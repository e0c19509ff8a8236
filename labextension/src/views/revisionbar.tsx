import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, HTMLSelect, notebookIcon, undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IObject } from '../client/objects';
import { tagIcon } from '../icons';
import type { HistoryModel } from '../models/history';
import { Actions } from './card';
import { formatTime } from './format';
import { useSignal } from './hooks';
import { Tags } from './tags';

/** What can be done with a revision. */
export interface IRevisionActions {
  open: () => void;
  restore: (revision: IObject) => void;
  tag: (revision: IObject) => void;
  untag: (tag: string) => void;
  copyName: (revision: IObject) => void;
}

export interface IRevisionBarProps {
  model: HistoryModel;
  actions: IRevisionActions;
  trans: TranslationBundle;
}

/** Which revision is looked at, with which it is compared, and what can be done with it. */
export function RevisionBar(props: IRevisionBarProps): JSX.Element | null {
  const { model, actions, trans } = props;
  useSignal(model.changed);
  const { selected, newest } = model;
  if (!selected) {
    return null;
  }
  const isNewest = selected.revision === newest?.revision;
  const when = formatTime(selected.modified);
  return (
    <header className="jp-Omega-revisionBar">
      <h2>
        {selected.owner
          ? trans.__('Revision %1 · %2 by %3', selected.revision, when, selected.owner)
          : trans.__('Revision %1 · %2', selected.revision, when)}
        <Tags tags={selected.tags} drop={actions.untag} trans={trans} />
      </h2>
      <div className="jp-Omega-revisionTools">
        {selected.kind === 'notebook' && <Compare {...props} selected={selected} />}
        <Actions
          actions={[
            !isNewest && {
              icon: undoIcon,
              label: trans.__('Restore…'),
              act: () => actions.restore(selected)
            },
            isNewest &&
              selected.path !== null && {
                icon: notebookIcon,
                label: trans.__('Open'),
                act: actions.open
              },
            { icon: tagIcon, label: trans.__('Tag…'), act: () => actions.tag(selected) },
            { icon: copyIcon, label: trans.__('Copy name'), act: () => actions.copyName(selected) }
          ]}
        />
      </div>
    </header>
  );
}

function Compare(props: IRevisionBarProps & { selected: IObject }): JSX.Element {
  const { model, selected, trans } = props;
  const others = model.items.filter(({ revision }) => revision !== selected.revision);
  return (
    <HTMLSelect
      aria-label={trans.__('Compare with')}
      value={String(model.base?.revision ?? '')}
      options={[
        { value: '', label: trans.__('Show it alone') },
        ...others.map(({ revision, tags }) => ({
          value: String(revision),
          label: [
            revision === model.newest?.revision
              ? trans.__('Compare with the newest (%1)', revision)
              : trans.__('Compare with %1', revision),
            ...tags
          ].join(' · ')
        }))
      ]}
      onChange={event =>
        model.compare(event.target.value === '' ? null : Number(event.target.value))
      }
    />
  );
}
