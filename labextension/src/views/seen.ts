import { MessageLoop } from '@lumino/messaging';
import type { Widget } from '@lumino/widgets';

import type { PolledModel } from '../models/polled';

/** Let a model ask the server only while the page that shows it can be seen. */
export function askWhileSeen(page: Widget, model: PolledModel): void {
  model.seen = page.isVisible;
  MessageLoop.installMessageHook(page, (_, { type }) => {
    if (type === 'after-show') {
      model.seen = true;
    } else if (type === 'after-attach') {
      model.seen = !page.isHidden && (page.parent === null || page.parent.isVisible);
    } else if (type === 'before-hide' || type === 'before-detach') {
      model.seen = false;
    }
    return true;
  });
}
