#!/usr/bin/env node
'use strict';
// First of all: without a listener SIGUSR1 opens Node's debugger, and SIGUSR2 ends the process.
for (const signal of ['SIGUSR1', 'SIGUSR2']) process.on(signal, () => {});
require('./node-version.cjs');
import('../dist/cli/user.js').then(({ userCommand }) =>
  userCommand(process.argv.slice(2), 'pis5user'),
);
