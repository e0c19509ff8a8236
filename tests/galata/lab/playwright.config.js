// JupyterLab's own settings for these tests, for Chromium as it is installed here.
const theirs = require('./theirs.config.js');

const results = process.env.GALATA_RESULTS;

/** Return a project of theirs with the browser of this machine. */
function here(project) {
  const { launchOptions, ...use } = project.use;
  return {
    ...project,
    use: {
      ...use,
      launchOptions: {
        ...launchOptions,
        executablePath: process.env.GALATA_CHROMIUM || undefined,
        args: [...launchOptions.args, '--no-sandbox', '--disable-dev-shm-usage']
      }
    }
  };
}

module.exports = {
  ...theirs,
  outputDir: `${results}/artifacts`,
  reporter: [['list'], ['json', { outputFile: `${results}/report.json` }]],
  // Drawn by the run on the disk, on this machine: its fonts are not those of JupyterLab's CI.
  snapshotPathTemplate: 'images/{testFilePath}/{arg}{ext}',
  projects: theirs.projects
    .filter(project => ['galata', 'jupyterlab'].includes(project.name))
    .map(here),
  workers: 1,
  retries: 1,
  timeout: 180_000, // three times theirs: nobody measures time here
  expect: { ...theirs.expect, timeout: 15_000 },
  use: { ...theirs.use, video: 'off' } // it would slow down a busy machine
};
