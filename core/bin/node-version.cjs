'use strict';
// In the JavaScript of old, so that a Node that is too old gets this far and ends here with one
// sentence. What is new enough says `engines` in package.json.
const { engines } = require('../package.json');

const required = engines.node.replace('>=', '').split('.').map(Number);
const own = process.version.replace('v', '').split('.').map(Number);
if (own[0] < required[0] || (own[0] === required[0] && own[1] < required[1])) {
  const version = required.join('.');
  process.stderr.write(`picosocks5 needs Node ${version} or later; this is ${process.version}\n`);
  process.exit(1);
}
