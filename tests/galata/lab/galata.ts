/**
 * What the specs get when they import '@jupyterlab/galata': the helpers from the same source as
 * the specs. Where the repository is a mount, each test has its folder inside the mount.
 */
import * as path from 'path';
import { ContentsHelper } from './src/contents';
import { test as galataTest } from './src/index';

export * from './src/index';

const MOUNT = process.env.GALATA_MOUNT;

export const test = !MOUNT
  ? galataTest
  : galataTest.extend({
      tmpPath: async ({ request }, use, testInfo) => {
        const name = path.basename(testInfo.outputDir);
        const folder = `${MOUNT}/${name.replace(/-retry\d+$/, '')}`;
        const contents = new ContentsHelper(request);
        if (await contents.directoryExists(folder)) {
          await contents.deleteDirectory(folder);
        }
        await contents.createDirectory(folder);
        await use(folder);
        await contents.deleteDirectory(folder);
      }
    });
