import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from './iconbutton';

export interface ITagsProps {
  tags: readonly string[];
  /** Take one away; without it they are only shown. */
  drop?: (tag: string) => void;
  trans: TranslationBundle;
}

/** The names that were given to a revision. */
export function Tags({ tags, drop, trans }: ITagsProps): JSX.Element {
  return (
    <>
      {tags.map(tag => (
        <span key={tag} className="jp-Omega-tag" title={trans.__('Tag %1', tag)}>
          <bdi>{tag}</bdi>
          {drop && (
            <IconButton
              icon={closeIcon}
              label={trans.__('Remove the tag %1', tag)}
              onClick={() => drop(tag)}
            />
          )}
        </span>
      ))}
    </>
  );
}
