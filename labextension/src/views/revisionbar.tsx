import type { TranslationBundle } from '@jupyterlab/translation';
import {
  copyIcon,
  downloadIcon,
  fileIcon,
  HTMLSelect,
  notebookIcon,
  undoIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IObject } from '../client/objects';
import { tagIcon } from '../icons';
import type { HistoryModel } from '../models/history';
import type { IAction } from './card';
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
  download: (revision: IObject) => void;
}

/** Kinds whose revisions can be compared. */
const COMPARED = new Set(['notebook', 'file']);

export interface IRevisionBarProps {
  model: HistoryModel;
  actions: IRevisionActions;
  trans: TranslationBundle;
}

/** Which revision is looked at, with which it is compared, and what can be done with it. */
export function RevisionBar(props: IRevisionBarProps): JSX.Element | null {
  const { model, actions, trans } = props;
  useSignal(model.changed);
  const { selected } = model;
  if (!selected) {
    return null;
  }
  const when = formatTime(selected.modified);
  return (
    <header className="jp-Omega-revisionBar">
      <h2>
        {selected.owner
          ? trans.__('Revision %1 · %2 by %3', selected.revision, when, selected.owner)
          : trans.__('Revision %1 · %2', selected.revision, when)}
        <Tags
          tags={selected.tags}
          drop={model.writable ? actions.untag : undefined}
          trans={trans}
        />
      </h2>
      <div className="jp-Omega-revisionTools">
        {COMPARED.has(selected.kind) && <Compare {...props} selected={selected} />}
        <Actions actions={actionsOf(props, selected)} />
      </div>
    </header>
  );
}

function actionsOf(props: IRevisionBarProps, selected: IObject): (IAction | false)[] {
  const { model, actions, trans } = props;
  const isNewest = selected.revision === model.newest?.revision;
  const change = {
    disabled: !model.writable,
    title: model.writable
      ? undefined
      : trans.__('The bucket “%1” is shown read-only: nothing is changed there.', model.bucket)
  };
  return [
    !isNewest && {
      icon: undoIcon,
      label: trans.__('Restore…'),
      act: () => actions.restore(selected),
      ...change
    },
    isNewest &&
      selected.path !== null && {
        icon: selected.kind === 'notebook' ? notebookIcon : fileIcon,
        label: trans.__('Open'),
        act: actions.open
      },
    { icon: tagIcon, label: trans.__('Tag…'), act: () => actions.tag(selected), ...change },
    COMPARED.has(selected.kind) && {
      icon: downloadIcon,
      label: trans.__('Download'),
      title: trans.__('Download this revision'),
      act: () => actions.download(selected)
    },
    { icon: copyIcon, label: trans.__('Copy name'), act: () => actions.copyName(selected) }
  ];
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
