import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { groupIcon } from '../icons';
import type { GroupModel } from '../models/groups';
import { CommandIDs } from '../tokens';
import { keepFocus } from '../views/focuskeeper';
import { GroupTable } from '../views/grouptable';

export interface IGroupPageOptions {
  model: GroupModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The runs of a group, as a document: one table that compares them. */
export function createGroupPage({
  model,
  commands,
  trans
}: IGroupPageOptions): MainAreaWidget<ReactWidget> {
  const content = ReactWidget.create(
    <GroupTable
      model={model}
      actions={{
        cancel: group => void commands.execute(CommandIDs.cancelGroup, { id: group.id }),
        retry: group => void commands.execute(CommandIDs.retryGroup, { id: group.id }),
        openResult: row =>
          void commands.execute(
            row.status === 'failed' ? CommandIDs.openFailingCell : CommandIDs.openResult,
            { id: row.run }
          )
      }}
      trans={trans}
    />
  );
  content.addClass('jp-Omega-page');
  const page = new MainAreaWidget({ content });
  page.addClass('jp-Omega-groupPage');
  page.title.icon = groupIcon;
  const name = (): void => {
    const title = model.table?.group.title ?? '';
    page.title.label = trans.__('Runs of %1', title.split('/').pop());
    page.title.caption = title;
  };
  name();
  model.changed.connect(name);
  keepFocus(page);
  page.disposed.connect(() => model.dispose());
  return page;
}
