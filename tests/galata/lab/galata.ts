/**
 * What the specs get when they import '@jupyterlab/galata': the helpers from the same source as
 * the specs, with two fixtures that are made to be replaced.
 */
import * as path from 'path';
import { ContentsHelper } from './src/contents';
import { test as galataTest } from './src/index';

export * from './src/index';

const MOUNT = process.env.GALATA_MOUNT;

/** A busy machine needs longer for the page than the 15 seconds that JupyterLab's CI gets. */
const patient = galataTest.extend({
  waitForApplication: async ({}, use) => {
    await use(async (page, helpers) => {
      await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
      await helpers.waitForCondition(() => helpers.activity.isTabActive('Launcher'), 90_000);
      if (!(await helpers.isInSimpleMode())) {
        await helpers.activity.activateTab('Launcher');
      }
    });
  }
});

/** Where the repository is a mount, each test has its folder inside the mount. */
export const test = !MOUNT
  ? patient
  : patient.extend({
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
