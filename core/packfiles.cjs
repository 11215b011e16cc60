'use strict';
// Copies what `npm pack` takes from the folder above, since it packs no file from outside its own.
const { copyFileSync, renameSync } = require('node:fs');
const { join } = require('node:path');

for (const name of ['LICENSE', 'CHANGELOG.md']) {
  const copy = join(__dirname, name);
  const unfinished = `${copy}.${process.pid}`;
  copyFileSync(join(__dirname, '..', name), unfinished);
  renameSync(unfinished, copy);
}
