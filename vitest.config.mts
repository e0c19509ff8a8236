import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['labextension/ui-tests/**/*.spec.ts'],
    // Jupyter's packages are modules without saying so in their package.json.
    server: { deps: { inline: [/@jupyterlab/, /@jupyter\//, /@lumino/] } },
    testTimeout: 10_000
  }
});
