import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ISchedule } from '../client/schedules';
import type { IStatus } from '../client/status';
import type { IFileQuestions, IMove } from '../models/fileguard';
import { isMountPoint, placeIn } from '../models/place';
import type { IOmega } from '../tokens';
import { ScheduleLines } from '../views/schedulelines';
import { shortPath } from '../views/format';

export interface ILeaveContext {
  omega: IOmega;
  trans: TranslationBundle;
}

/** Where notebooks go that no schedule can run there. */
type Away = 'trash' | 'disk' | 'bucket';

/** Asks whether what schedules run may go, and refuses what is always there. */
export class Leaving implements IFileQuestions {
  constructor(private readonly _context: ILeaveContext) {}

  async mayMove(moves: readonly IMove[]): Promise<boolean> {
    const { trans } = this._context;
    const all = moves.map(({ from }) => from);
    this._refuseMounts(all, trans.__('Nothing was moved or renamed.'));
    for (const away of ['disk', 'bucket'] as const) {
      const leaving = moves.filter(move => this._awayOf(move) === away);
      const schedules = await this._schedules(leaving.map(({ from }) => from));
      if (!(await this._mayLeave(schedules, away))) {
        return false;
      }
    }
    return true;
  }

  async mayDelete(paths: readonly string[]): Promise<boolean> {
    this.refuseToDelete(paths);
    return this._mayLeave(await this._schedules(paths), 'trash');
  }

  /** A schedule goes on with what then has the name of its notebook: only folders take more. */
  async mayReplace(path: string): Promise<boolean> {
    this._refuseMounts([path], this._context.trans.__('Nothing was moved or renamed.'));
    const schedules = await this._schedules([path]);
    const below = schedules.filter(({ job_path: at }) => at !== path);
    return this._mayLeave(below, 'trash');
  }

  stays({ from }: IMove): Error {
    const { trans } = this._context;
    return refusal(trans.__('“%1” stays where it is: schedules run it there.', shortPath(from)));
  }

  /** @throws Where the folder of a mount is among what is to be deleted. */
  refuseToDelete(paths: readonly string[]): void {
    this._refuseMounts(paths, this._context.trans.__('Nothing was deleted.'));
  }

  /**
   * Ask whether to delete something, in place of JupyterLab's own question.
   *
   * @returns null where nothing is to be said but what JupyterLab says.
   */
  async confirmDeletion(paths: readonly string[], words: IWords): Promise<boolean | null> {
    const schedules = await this._schedules(paths);
    return schedules.length === 0 ? null : this._confirm(schedules, 'trash', words);
  }

  private _refuseMounts(paths: readonly string[], outcome: string): void {
    const { omega, trans } = this._context;
    const status = omega.status.current;
    const mount = status && paths.find(path => isMountPoint(status, path));
    if (status && mount) {
      throw refusal(`${alwaysThere(status, mount, trans)} ${outcome}`);
    }
  }

  private _awayOf({ from, to }: IMove): Away | null {
    const status = this._context.omega.status.current;
    if (!status || !isMine(status, from)) {
      return null;
    }
    const now = placeIn(status, to);
    return now === null ? 'disk' : now.bucket !== undefined ? 'bucket' : null;
  }

  private async _schedules(paths: readonly string[]): Promise<ISchedule[]> {
    const { omega } = this._context;
    const status = omega.status.current;
    const mine = paths.filter(path => status && isMine(status, path));
    // What goes says what is wrong.
    return mine.length === 0 ? [] : omega.schedules.at(mine).catch(() => []);
  }

  private async _mayLeave(schedules: readonly ISchedule[], away: Away): Promise<boolean> {
    const { trans } = this._context;
    const { length } = schedules;
    if (length === 0) {
      return true;
    }
    const title = trans._n(
      'A schedule could not run any more',
      '%1 schedules could not run any more',
      length
    );
    const [stay, go] = [trans.__('Keep'), trans.__('Go on')];
    return this._confirm(schedules, away, { title, stay, go });
  }

  private async _confirm(
    schedules: readonly ISchedule[],
    away: Away,
    { title, question, stay, go }: IWords
  ): Promise<boolean> {
    const { trans } = this._context;
    const why = whyOf(away, trans);
    const { button } = await showDialog({
      title,
      body: React.createElement(ScheduleLines, { question, schedules, why, trans }),
      defaultButton: 0,
      buttons: [Dialog.cancelButton({ label: stay }), Dialog.warnButton({ label: go })]
    });
    return button.accept;
  }
}

/** What a question says. */
export interface IWords {
  title: string;
  question?: string;
  stay: string;
  go: string;
}

/** JupyterLab looks at the status of what it is refused with. */
function refusal(why: string): Error {
  return new ServerConnection.ResponseError(new Response(null, { status: 400 }), why);
}

/** Whether a path is in one's own bucket, of which alone schedules are. */
function isMine(status: IStatus, path: string): boolean {
  const place = placeIn(status, path);
  return place !== null && place.bucket === undefined;
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
