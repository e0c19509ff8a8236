import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IStatus } from '../client/status';
import { isMountPoint, placeIn } from '../models/place';
import type { IOmega } from '../tokens';
import { ScheduleLines } from '../views/schedulelines';

export interface ILeaveContext {
  omega: IOmega;
  trans: TranslationBundle;
}

/** Where notebooks go that no schedule can run there. */
type Away = 'trash' | 'disk' | 'bucket';

/**
 * Whether what is deleted goes, though schedules may run it.
 *
 * @throws For all of it, when the folder of a mount is among it.
 */
export async function confirmTrash(
  context: ILeaveContext,
  paths: readonly string[]
): Promise<boolean> {
  const { omega, trans } = context;
  const status = omega.status.current;
  refuseMounts(status, paths, trans.__('Nothing was deleted.'), trans);
  return confirmAway(
    context,
    paths.filter(path => status && isMine(status, path)),
    'trash'
  );
}

/** Something that is to be elsewhere, by paths of Jupyter's contents. */
export interface IMove {
  readonly from: string;
  readonly to: string;
}

/** The same for what is renamed or moved. */
export async function confirmMoves(
  context: ILeaveContext,
  moves: readonly IMove[]
): Promise<boolean> {
  const { omega, trans } = context;
  const status = omega.status.current;
  const all = moves.map(({ from }) => from);
  refuseMounts(status, all, trans.__('Nothing was moved or renamed.'), trans);
  for (const away of ['disk', 'bucket'] as const) {
    const leaving = moves.filter(move => status && awayOf(status, move) === away);
    const paths = leaving.map(({ from }) => from);
    if (!(await confirmAway(context, paths, away))) {
      return false;
    }
  }
  return true;
}

function refuseMounts(
  status: IStatus | null,
  paths: readonly string[],
  outcome: string,
  trans: TranslationBundle
): void {
  const mount = status && paths.find(path => isMountPoint(status, path));
  if (status && mount) {
    const why = `${alwaysThere(status, mount, trans)} ${outcome}`;
    // JupyterLab looks at the status of what it is refused with.
    throw new ServerConnection.ResponseError(new Response(null, { status: 400 }), why);
  }
}

function awayOf(status: IStatus, { from, to }: IMove): Away | null {
  if (!isMine(status, from)) {
    return null;
  }
  const now = placeIn(status, to);
  return now === null ? 'disk' : now.bucket !== undefined ? 'bucket' : null;
}

/** Whether a path is in one's own bucket, of which alone schedules are. */
function isMine(status: IStatus, path: string): boolean {
  const place = placeIn(status, path);
  return place !== null && place.bucket === undefined;
}

async function confirmAway(
  { omega, trans }: ILeaveContext,
  paths: readonly string[],
  away: Away
): Promise<boolean> {
  if (paths.length === 0) {
    return true;
  }
  const schedules = await omega.schedules.at(paths).catch(() => []); // what goes says what is wrong
  if (schedules.length === 0) {
    return true;
  }
  const { length } = schedules;
  const { button } = await showDialog({
    title: trans._n(
      'A schedule could not run any more',
      '%1 schedules could not run any more',
      length
    ),
    body: React.createElement(ScheduleLines, { schedules, why: whyOf(away, trans), trans }),
    defaultButton: 0,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep') }),
      Dialog.warnButton({ label: trans.__('Go on') })
    ]
  });
  return button.accept;
}

function whyOf(away: Away, trans: TranslationBundle): string {
  switch (away) {
    case 'trash':
      return trans.__(
        'A notebook in the trash is not run: due times pass. Once it is restored, its schedules go on.'
      );
    case 'disk':
      return trans.__(
        'Schedules run what is in the repository: on the disk, due times pass. Once it is restored from the trash, where its revisions stay, they go on.'
      );
    case 'bucket':
      return trans.__(
        'Schedules run what is in your own bucket: in another one, due times pass. Once it is moved back, they go on.'
      );
  }
}

function alwaysThere(status: IStatus, name: string, trans: TranslationBundle): string {
  if (Object.prototype.hasOwnProperty.call(status.buckets, name)) {
    return trans.__('“%1” is where another bucket is shown, and always there.', name);
  }
  return name === status.mount
    ? trans.__('“%1” is where the repository is shown, and always there.', name)
    : trans.__('“%1” is where the disk is shown, and always there.', name);
}
