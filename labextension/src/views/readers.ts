import type { TranslationBundle } from '@jupyterlab/translation';

import type { Access } from '../client/reports';
import { isOfThisMachine } from '../client/reports';

/** Who may read what a link leads to, as the end of “for …”. */
export function readersOf(access: Access, link: string, trans: TranslationBundle): string {
  const isOpen = access === 'anyone';
  if (isOfThisMachine(link)) {
    return isOpen
      ? trans.__('anyone with the link, on this machine only')
      : trans.__('people signed in, on this machine only');
  }
  return isOpen ? trans.__('anyone with the link') : trans.__('people signed in');
}
