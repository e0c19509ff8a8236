import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { bucketsPlugin } from './plugins/buckets';
import { commandsPlugin } from './plugins/commands';
import { conflictsPlugin } from './plugins/conflicts';
import { experimentsPlugin } from './plugins/experiments';
import { groupsPlugin } from './plugins/groups';
import { historyPlugin } from './plugins/history';
import { movesPlugin } from './plugins/moves';
import { notificationsPlugin } from './plugins/notifications';
import { omegaPlugin } from './plugins/omega';
import { panelPlugin } from './plugins/panel';
import { resultsPlugin } from './plugins/results';
import { runLogPlugin } from './plugins/runlog';
import { transfersPlugin } from './plugins/transfers';
import { uploadsPlugin } from './plugins/uploads';
import { widgetsPlugin } from './plugins/widgets';

export { IOmega } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  omegaPlugin,
  commandsPlugin,
  panelPlugin,
  groupsPlugin,
  experimentsPlugin,
  historyPlugin,
  conflictsPlugin,
  notificationsPlugin,
  resultsPlugin,
  runLogPlugin,
  bucketsPlugin,
  movesPlugin,
  transfersPlugin,
  uploadsPlugin,
  widgetsPlugin
];

export default plugins;
