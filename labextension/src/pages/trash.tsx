import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { restoreDropped } from '../commands/trash';
import { askWhileSeen } from '../views/seen';
import { TrashList } from '../views/trashlist';
import type { IPageOptions } from './repository';

/** The section of the side panel that shows what was dropped. */
export function createTrashPage({ omega, trans }: IPageOptions): ReactWidget {
  const page = ReactWidget.create(
    <TrashList
      model={omega.trash}
      status={omega.status}
      actions={{
        restore: (place, dropped) => void restoreDropped({ omega, trans }, place, dropped)
      }}
      trans={trans}
    />
  );
  page.id = 'omega-trash';
  page.addClass('jp-Omega-page');
  page.title.label = trans.__('Trash');
  page.title.caption = trans.__('What was dropped and can be put back');
  askWhileSeen(page, omega.trash);
  return page;
}
