import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'omegaml-lab:plugin',
  description: 'Omega',
  autoStart: true,
  activate: () => undefined
};

export default [plugin];
