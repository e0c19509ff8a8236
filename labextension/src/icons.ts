import { LabIcon } from '@jupyterlab/ui-components';

// jp-icon3 takes the theme's colour. The shapes are ours.

const OMEGA =
  'M4 20v-2.2h4.1C5.6 16.3 4.2 13.9 4.2 11c0-4.6 3.3-7.6 7.8-7.6s7.8 3 7.8 7.6c0 2.9-1.4 5.3-3.9 6.8H20V20h-7' +
  'v-3.3c2.5-.8 4-2.9 4-5.6 0-3.2-2-5.3-5-5.3s-5 2.1-5 5.3c0 2.7 1.5 4.8 4 5.6V20z';

function icon(name: string, shape: string): LabIcon {
  return new LabIcon({
    name: `omegaml-lab:${name}`,
    svgstr:
      '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
      `<g class="jp-icon3 jp-icon-selectable" fill="#616161">${shape}</g></svg>`
  });
}

/** Omega's own. */
export const omegaIcon = icon('omega', `<path d="${OMEGA}"/>`);

/** A notebook goes to the cluster: machines, and the sign of a start. */
export const clusterIcon = icon(
  'cluster',
  '<path d="M3 4h18v5H3zm2 1.7v1.6h2V5.7zM3 10.5h9.4v1.7H5v1.6h5.8v1.7H3zM3 17h7.8v1.7H5V20h5.8v1.7H3z"/>' +
    '<path d="M13.5 11.5v10l8-5z"/>'
);

/** A notebook goes to the cluster by itself: a calendar, and a clock. */
export const scheduleIcon = icon(
  'schedule',
  '<path d="M7 2h2v2h6V2h2v2h3v7.2h-2V9H6v10h5.2v2H4V4h3z"/>' +
    '<path d="M17.5 12a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zm0 1.7a3.8 3.8 0 1 1 0 7.6 3.8 3.8 0 0 1 0-7.6z"/>' +
    '<path d="M16.8 14.6h1.5v2.6l1.5 1.5-1 1-2-2z"/>'
);

/** Names a revision: a label with a hole. */
export const tagIcon = icon(
  'tag',
  '<path d="M3 3h9l9 9-9 9-9-9zm4.5 3A1.5 1.5 0 1 0 7.5 9a1.5 1.5 0 0 0 0-3z" fill-rule="evenodd"/>'
);

/** Somebody's part of the repository; a folder where another folder has its name. */
export const bucketIcon = icon(
  'bucket',
  '<path class="jp-Omega-folderShape" d="M10 4H4a2 2 0 0 0-2 2v12c0 1.1.9 2 2 2h16a2 2 0 0 0 2-2V8a2 2 0 0 0-2-2h-8z"/>' +
    '<path class="jp-Omega-bucketShape" d="M12 2.5c-4.7 0-8 1.4-8 3.3v12.4c0 1.9 3.3 3.3 8 3.3s8-1.4 8-3.3V5.8' +
    'c0-1.9-3.3-3.3-8-3.3zm0 2c3.8 0 5.7.9 6 1.3-.3.4-2.2 1.3-6 1.3s-5.7-.9-6-1.3c.3-.4 2.2-1.3 6-1.3zM6 8.2' +
    'c1.5.6 3.6.9 6 .9s4.5-.3 6-.9v3.4c-.6.5-2.6 1.2-6 1.2s-5.4-.7-6-1.2zm0 5.8c1.5.6 3.6.9 6 .9' +
    's4.5-.3 6-.9v4.1c-.6.5-2.6 1.3-6 1.3s-5.4-.8-6-1.3z"/>'
);

/** Of an object that predicts. */
export const modelIcon = icon(
  'model',
  '<path d="M5.5 3a2.5 2.5 0 0 1 1 4.8v2.9l4 2.2a2.5 2.5 0 0 1 3 0l4-2.2V7.8a2.5 2.5 0 1 1 2 0v4.1l-5 2.8' +
    'a2.5 2.5 0 0 1-1.5 2.6V21h-2v-3.7a2.5 2.5 0 0 1-1.5-2.6l-5-2.8V7.8a2.5 2.5 0 0 1 1-4.8z"/>'
);

/** Runs that were asked for together: cards behind each other. */
export const groupIcon = icon(
  'group',
  '<path d="M7 3h14v12h-2V5H7z"/><path d="M3 7h14v14H3zm2 2v10h10V9z"/><path d="M8 11v6l5-3z"/>'
);

/** Runs that are compared by what they have logged: a flask, and what is in it. */
export const experimentIcon = icon(
  'experiment',
  '<path d="M8 2h8v2h-1v5.2l5.4 9.3A2.3 2.3 0 0 1 18.4 22H5.6a2.3 2.3 0 0 1-2-3.5L9 9.2V4H8zm3 2v5.7L8.5 14h7L13 9.7V4z"/>'
);

/** Waits in the queue. */
export const queuedIcon = icon(
  'queued',
  '<path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2a7 7 0 1 1 0 14 7 7 0 0 1 0-14z"/>' +
    '<path d="M11 7h2v4.6l3.2 3.2-1.4 1.4L11 12.4z"/>'
);

/** Is being run. */
export const progressIcon = icon('progress', '<path d="M12 3a9 9 0 1 0 9 9h-2a7 7 0 1 1-7-7z"/>');

export const succeededIcon = icon(
  'succeeded',
  '<path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm-1.6 13.2-3.9-3.9 1.4-1.4 2.5 2.5 5.7-5.7 1.4 1.4z"/>'
);

export const failedIcon = icon(
  'failed',
  '<path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm3.9 11.5-1.4 1.4-2.5-2.5-2.5 2.5-1.4-1.4 2.5-2.5-2.5-2.5' +
    ' 1.4-1.4 2.5 2.5 2.5-2.5 1.4 1.4-2.5 2.5z"/>'
);

export const cancelledIcon = icon(
  'cancelled',
  '<path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2a7 7 0 0 1 5.6 11.2L7.8 6.4A7 7 0 0 1 12 5zM6.4 7.8l9.8 9.8' +
    'A7 7 0 0 1 6.4 7.8z"/>'
);

/** Its worker died. */
export const lostIcon = icon(
  'lost',
  '<path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm-1 14.5v-2h2v2zm2-3.6h-2c0-2.6 2.2-2.6 2.2-4.2 0-.8-.5-1.2-1.2-1.2' +
    's-1.3.5-1.3 1.4h-2c0-2 1.4-3.3 3.3-3.3s3.2 1.2 3.2 3.1c0 2.2-2.2 2.5-2.2 4.2z"/>'
);
