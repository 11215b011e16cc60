'use strict';
// What `npm pack` takes from the folder above: it packs no file from outside of its own.
const { copyFileSync, rmSync } = require('node:fs');
const { join } = require('node:path');

const [action] = process.argv.slice(2);
for (const name of ['LICENSE', 'CHANGELOG.md']) {
  const copy = join(__dirname, name);
  if (action === 'add') copyFileSync(join(__dirname, '..', name), copy);
  else rmSync(copy, { force: true });
}
