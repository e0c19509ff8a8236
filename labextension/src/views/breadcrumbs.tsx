import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface IBreadcrumbsProps {
  /** What the way begins with. */
  root: string;
  folder: string;
  open: (folder: string) => void;
  trans: TranslationBundle;
}

/** The way to a folder, each part of which can be gone back to. */
export function Breadcrumbs({ root, folder, open, trans }: IBreadcrumbsProps): JSX.Element {
  const parts = folder ? folder.split('/') : [];
  const ways = ['', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
  return (
    <nav className="jp-Omega-breadcrumbs" aria-label={trans.__('Folder')}>
      {ways.map((way, index) => (
        <React.Fragment key={way}>
          {index > 0 && <span aria-hidden="true">/</span>}
          <Button
            minimal
            small
            className="jp-Omega-crumb"
            title={way || root}
            aria-current={way === folder ? 'page' : undefined}
            onClick={() => open(way)}
          >
            {index === 0 ? root : parts[index - 1]}
          </Button>
        </React.Fragment>
      ))}
    </nav>
  );
}
