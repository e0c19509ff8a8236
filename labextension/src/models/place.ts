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
