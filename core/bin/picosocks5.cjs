#!/usr/bin/env node
'use strict';
// Nothing ends process 1 by a signal that it does not take itself (pid_namespaces(7)): one that comes
// while it starts would be lost.
if (process.pid === 1) {
  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ]) {
    process.on(signal, () => process.exit(status));
  }
}
// First of all: without a listener SIGUSR1 opens Node's debugger, and SIGUSR2 ends the process.
for (const signal of ['SIGUSR1', 'SIGUSR2']) process.on(signal, () => {});
require('./node-version.cjs');
// CommonJS, since this has to run before anything uses libuv's thread pool: names are resolved
// there, getaddrinfo(3) blocks a thread, and libuv lets slow names have half of the threads.
if (process.env.UV_THREADPOOL_SIZE === undefined) process.env.UV_THREADPOOL_SIZE = '128';

const { statSync } = require('node:fs');
const { join } = require('node:path');

/** When a file of the package was changed, ms; 0 if there is none. */
function changed(...names) {
  const stats = statSync(join(__dirname, '..', ...names), { throwIfNoEntry: false });
  return stats === undefined ? 0 : stats.mtimeMs;
}

/** The modules of dist one by one, for who has just changed some of them. */
async function modules() {
  // Node opens all modules at once that it has heard of: in a few steps fewer descriptors are enough.
  await import('../dist/config/load.js');
  await import('../dist/config/loaded.js');
  return import('../dist/cli/main.js');
}

// The same modules in few files, which takes half of the time; a package has no .tsbuildinfo.
const isBuilt = changed('program', 'common', 'main.js') > changed('dist', '.tsbuildinfo');
const program = isBuilt ? import('../program/common/main.js') : modules();
program.then(({ main }) => {
  // What dies young is collected from a space that stays as it is now, 2 MiB: grown to its usual 16
  // or 32 MiB it would be most of the memory of a server with a few thousand connections.
  require('node:v8').setFlagsFromString('--semi-space-growth-factor=1');
  return main(process.argv.slice(2));
});
