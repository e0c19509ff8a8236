import { Notification } from '@jupyterlab/apputils';

export interface ISaid {
  message: string;
  type: 'info' | 'success' | 'warning' | 'error';
  /** For how long it is shown, in milliseconds. */
  autoClose: number;
  actions: Notification.IAction[];
}

/** Say how a run stands, in the place of what was said of it before; returns the id of that. */
export function tellRun(run: string, { message, ...options }: ISaid, id = toldOf(run)): string {
  const said = { ...options, data: { run } };
  if (id !== undefined && Notification.update({ id, message, ...said })) {
    return id;
  }
  const { type, ...rest } = said;
  return Notification.emit(message, type, rest);
}

/** Take back what was said of a run, where something else tells it too. */
export function dismissRun(run: string): void {
  const id = toldOf(run);
  if (id !== undefined) {
    Notification.dismiss(id);
  }
}

function toldOf(run: string): string | undefined {
  return Notification.manager.notifications.find(
    ({ options }) => (options.data as { run?: unknown } | undefined)?.run === run
  )?.id;
}
