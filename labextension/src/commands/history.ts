import { historyIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IPlace } from '../client/objects';
import type { IShownPlace } from '../models/place';
import { placeIn } from '../models/place';
import { CommandIDs } from '../tokens';
import { tellError } from './ask';
import type { ICommandOptions } from './run';

export interface IHistoryCommandOptions extends ICommandOptions {
  /** Show the history of an object. */
  show: (object: IShownPlace) => void;
}

/** *History*: of the file that is selected, looked at or named, or of any object. */
export function addHistoryCommand(options: IHistoryCommandOptions): void {
  const { commands, omega, targets, show, trans } = options;
  // Files of the disk have none; while nobody knows which is which, it says so.
  const areKept = (args: ReadonlyPartialJSONObject): boolean => {
    const { current } = omega.status;
    return current === null || targets.files(args).every(path => placeIn(current, path) !== null);
  };
  commands.addCommand(CommandIDs.history, {
    label: trans.__('History'),
    caption: trans.__('Show what this was: its revisions'),
    icon: historyIcon,
    isEnabled: args =>
      typeof args.name === 'string' || (targets.files(args).length === 1 && areKept(args)),
    isVisible: args => args.place !== 'filebrowser' || areKept(args),
    execute: async args => {
      try {
        const status = omega.status.current ?? (await omega.client.status.get());
        if (typeof args.name === 'string') {
          const { store, name, bucket } = args as unknown as IPlace;
          const writable = bucket === undefined || status.buckets[bucket] !== 'read';
          show({ store, name, bucket, writable });
          return;
        }
        const [path] = targets.files(args);
        if (path) {
          const place = placeIn(status, path);
          if (place === null) {
            throw new Error(
              trans.__(
                '%1 is not in the repository: only what is saved there has a history.',
                path
              )
            );
          }
          show(place);
        }
      } catch (error) {
        tellError(error);
      }
    }
  });
}
