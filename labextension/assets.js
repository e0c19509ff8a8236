// Copies the scripts that report pages load to where our server finds them, so that widgets and
// formulas are shown where there is no internet. Their names are those of reports/assets.py.
const fs = require('node:fs');
const path = require('node:path');

const SCRIPTS = {
  'require.js': 'requirejs/require.js',
  'embed-amd.js': '@jupyter-widgets/html-manager/dist/embed-amd.js',
  'mathjax.js': 'mathjax/es5/tex-svg.js'
};

const root = path.dirname(__dirname);
const target = path.join(root, 'omegaml_lab', 'server', 'assets');
fs.mkdirSync(target, { recursive: true });
for (const [name, source] of Object.entries(SCRIPTS)) {
  fs.copyFileSync(path.join(root, 'node_modules', source), path.join(target, name));
}
