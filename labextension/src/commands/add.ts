import type { LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

import { tellError } from './ask';
import type { Targets } from './targets';

interface ICommand {
  id: string;
  label: string;
  caption?: string;
  icon?: LabIcon;
}

export interface IPathCommand extends ICommand {
  /** Whether it makes sense for a notebook; it does for all unless given. */
  applies?: (path: string) => boolean;
  act: (path: string) => Promise<void>;
}

/** Add what can be done with one notebook: the one that is selected, looked at or named. */
export function addPathCommand(
  { commands, targets }: { commands: CommandRegistry; targets: Targets },
  { id, act, applies = () => true, ...looks }: IPathCommand
): void {
  commands.addCommand(id, {
    ...looks,
    isVisible: args => targets.paths(args).every(applies),
    isEnabled: args => targets.paths(args).length === 1,
    execute: async args => {
      const [path] = targets.paths(args);
      if (path) {
        await act(path);
      }
    }
  });
}

export interface IEntryCommand<T> extends ICommand {
  find: (id: string) => Promise<T>;
  act: (entry: T) => Promise<unknown>;
  /** Called after it failed, and was told. */
  failed?: () => Promise<void>;
}

/** Add what can be done with an entry of a list, given its `id`. */
export function addEntryCommand<T>(
  commands: CommandRegistry,
  { id, find, act, failed, ...looks }: IEntryCommand<T>
): void {
  commands.addCommand(id, {
    ...looks,
    // Of these there are many: it makes sense where one is at hand.
    isVisible: args => typeof args.id === 'string',
    isEnabled: args => typeof args.id === 'string',
    execute: async args => {
      try {
        await act(await find(args.id as string));
      } catch (error) {
        tellError(error);
        await failed?.();
      }
    }
  });
}
