import { historyIcon } from '@jupyterlab/ui-components';

import type { StoreName } from '../client/objects';
import type { IStatus } from '../client/status';
import { CommandIDs } from '../tokens';
import { tellError } from './ask';
import type { ICommandOptions } from './run';

export interface IHistoryCommandOptions extends ICommandOptions {
  /** Show the history of an object. */
  show: (store: StoreName, name: string) => void;
}

/** *History*: of the notebook that is selected, looked at or named, or of any object. */
export function addHistoryCommand(options: IHistoryCommandOptions): void {
  const { commands, omega, targets, show, trans } = options;
  commands.addCommand(CommandIDs.history, {
    label: trans.__('History'),
    caption: trans.__('Show what this notebook was: its revisions'),
    icon: historyIcon,
    isEnabled: args => typeof args.name === 'string' || targets.paths(args).length === 1,
    execute: async args => {
      try {
        if (typeof args.name === 'string') {
          show(args.store as StoreName, args.name);
          return;
        }
        const [path] = targets.paths(args);
        if (path) {
          const status = omega.status.current ?? (await omega.client.status.get());
          const name = nameIn(status, path);
          if (name === null) {
            throw new Error(
              trans.__(
                '%1 is not in your bucket of the repository: only what is saved there has a history here.',
                path
              )
            );
          }
          show('jobs', name);
        }
      } catch (error) {
        tellError(error);
      }
    }
  });
}

/** The name of a job by its path in Jupyter's contents, null where it is not in the bucket. */
export function nameIn(
  { mount, beside }: Pick<IStatus, 'mount' | 'beside'>,
  path: string
): string | null {
  if (mount === null || beside.some(folder => path === folder || path.startsWith(`${folder}/`))) {
    return null;
  }
  if (mount === '') {
    return path;
  }
  return path.startsWith(`${mount}/`) ? path.slice(mount.length + 1) : null;
}
