#!/usr/bin/env node
'use strict';
import('../dist/cli/user.js').then(({ userCommand }) =>
  userCommand(process.argv.slice(2), 'pis5user'),
);
