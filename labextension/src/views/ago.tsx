import * as React from 'react';

import { formatAgo, formatMoment } from './format';

const PACE = 10_000;

const watching = new Set<() => void>();
let timer = 0;

/** How long ago something was, kept true while it is shown; the full time is in its tip. */
export function Ago({ time }: { time: string }): JSX.Element {
  const said = React.useSyncExternalStore(watch, () => formatAgo(time));
  return (
    <time dateTime={time} title={formatMoment(time)}>
      {said}
    </time>
  );
}

/** One timer for all that is shown. */
function watch(look: () => void): () => void {
  if (watching.size === 0) {
    timer = window.setInterval(() => watching.forEach(each => each()), PACE);
  }
  watching.add(look);
  return () => {
    watching.delete(look);
    if (watching.size === 0) {
      window.clearInterval(timer);
    }
  };
}
