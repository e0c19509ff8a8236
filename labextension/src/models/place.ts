import type { IPlace } from '../client/objects';
import type { IStatus } from '../client/status';

/** Where an object is, and whether it may be changed here. */
export interface IShownPlace extends IPlace {
  writable: boolean;
}

/** The job at a path of Jupyter's contents, null where none can be. */
export function placeIn(
  { mount, beside, buckets }: Pick<IStatus, 'mount' | 'beside' | 'buckets'>,
  path: string
): IShownPlace | null {
  const first = path.split('/', 1)[0];
  if (Object.prototype.hasOwnProperty.call(buckets, first)) {
    const name = path.slice(first.length + 1);
    const writable = buckets[first] === 'write';
    return name ? { store: 'jobs', name, bucket: first, writable } : null;
  }
  const mine = (name: string): IShownPlace => ({ store: 'jobs', name, writable: true });
  if (mount === null || beside.includes(first)) {
    return null;
  }
  if (mount === '') {
    return mine(path);
  }
  return path.startsWith(`${mount}/`) ? mine(path.slice(mount.length + 1)) : null;
}

/** Whether a folder shows a whole place: it is always there, under this name. */
export function isMountPoint(
  { mount, beside }: Pick<IStatus, 'mount' | 'beside'>,
  path: string
): boolean {
  return path !== '' && (path === mount || beside.includes(path));
}

/** Whether what is moved leaves its revisions behind: nothing on the disk has any. */
export function leavesHistory(
  status: Pick<IStatus, 'mount' | 'beside' | 'buckets'>,
  from: string,
  to: string
): boolean {
  return placeIn(status, from) !== null && placeIn(status, to) === null;
}

/** A regular expression for exactly these names, whatever is in them. */
export function patternOf(names: readonly string[]): string {
  const literal = names.map(name => name.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return `^(?:${literal.join('|')})$`;
}

/** The folder of the jobs store that takes copies of notebooks from elsewhere. */
const UPLOADS = 'uploads';

/** The job that a notebook is run as, null where none can be: of one elsewhere a copy is. */
export function jobAt(
  status: Pick<IStatus, 'mount' | 'beside' | 'buckets'>,
  path: string
): string | null {
  if (status.mount === null) {
    return null;
  }
  const place = placeIn(status, path);
  if (place) {
    return place.bucket === undefined ? place.name : `${UPLOADS}/${path}`;
  }
  // The disk is in a folder beside the repository, or around it.
  const inside = status.mount === '' ? path.slice(path.indexOf('/') + 1) : path;
  return `${UPLOADS}/${inside}`;
}
