// Fails with one clear line where the Node that runs the scripts is too old.
const { engines } = require('../package.json');
const wanted = engines.node.replace('>=', '').split('.').map(Number);
const found = process.versions.node.split('.').map(Number);
const isOld = found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1]);
if (isOld) {
  process.stderr.write(
    `amr-gateway needs Node ${engines.node}, found ${process.versions.node}: run "npm ci" first, it brings its own Node on Linux x64 and arm64\n`,
  );
  process.exit(1);
}
