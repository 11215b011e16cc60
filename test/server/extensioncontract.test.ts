import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { contributing, extension } from '../support/extensions.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer } from '../support/sockets.js';
import { connected, connectTo, greeted } from '../support/socks.js';

test('one in CommonJS requires what one in ES modules imports', async (t) => {
  const folder = extension(
    t,
    { ...contributing({ accessPolicies: ['mine'] }), type: 'commonjs' },
    `const { UserError } = require('picosocks5');
     const { part } = require('./lib/part.js');
     exports.activate = async ({ registries }) => {
       if (UserError !== part || UserError !== (await import('picosocks5')).UserError) throw new Error('another');
       registries.accessPolicies.register({ id: 'mine', onRequest: () => ({ by: UserError.name }) });
     };`,
  );
  mkdirSync(join(folder, 'lib'));
  writeFileSync(join(folder, 'lib', 'part.js'), `exports.part = require('picosocks5').UserError;`);
  const { port, event } = await startServer(t, { extensions: [folder] });
  const client = await greeted(t, port);
  assert.equal((await connectTo(client, '127.0.0.1', 1)).reply, 2);
  assert.equal((await event('rejected')).detail, 'UserError');
  const missing = extension(t, { type: 'commonjs' }, `require('no-such-package')`);
  writeFileSync(
    join(missing, 'package.json'),
    JSON.stringify({
      ...{ name: 'picosocks5-missing', version: '1.0.0', main: 'extension.js' },
      ...{ engines: { picosocks5: '*' }, ...contributing({ accessPolicies: ['other'] }) },
    }),
  );
  await assert.rejects(startServer(t, { extensions: [missing] }), {
    message:
      /^the extension "picosocks5-missing" cannot be activated: Cannot find module 'no-such-package' \(extension\.js(:1)?\)$/,
  });
});

for (const [main, file] of [
  ['./dist/extension', 'dist/extension.js'],
  ['dist/extension', 'dist/extension.mjs'],
  ['dist', 'dist/index.js'],
  ['.', 'index.js'],
] as const) {
  test(`main may be "${main}" for ${file}`, async (t) => {
    const folder = extension(
      t,
      { ...contributing({ accessPolicies: ['mine'] }), main },
      `export function activate({ registries }) {
         registries.accessPolicies.register({ id: 'mine', onRequest: () => ({ by: 'found' }) });
       }`,
    );
    mkdirSync(join(folder, 'dist'));
    renameSync(join(folder, 'extension.js'), join(folder, file));
    const { port } = await startServer(t, { extensions: [folder] });
    assert.equal((await connectTo(await greeted(t, port), '127.0.0.1', 1)).reply, 2);
  });
}

test('a main that is a folder without code is told as such', async (t) => {
  const folder = extension(
    t,
    { ...contributing({ accessPolicies: ['mine'] }), main: 'dist' },
    'export function activate() {}',
  );
  mkdirSync(join(folder, 'dist'));
  await assert.rejects(startServer(t, { extensions: [folder] }), {
    name: 'UserError',
    message: /^the extension "picosocks5-ext" has no ".*dist": it is a folder, without index\.js$/,
  });
});

test('addresses that a policy is asked about have a host; explain may answer as the others do', async (t) => {
  const folder = extension(
    t,
    contributing({ accessPolicies: ['mine'] }),
    `const refused = [];
     const of = (ip) => ip instanceof Uint8Array && ip.length === 4 ? ip.host : 'wrong';
     export function activate({ registries }) {
       registries.accessPolicies.register({
         id: 'mine',
         onConnect: (client) => { refused.push(of(client)); },
         onAuthenticated: ({ client }) => { refused.push(of(client)); },
         onRequest: ({ client }, command) => { refused.push(of(client), command); },
         onAddress: ({ client, address }) =>
           address.host === '127.0.0.1' ? undefined : { by: [...refused, of(client), of(address)].join() },
         explain: ({ address }) => ({ by: address.host + ' is fine' }),
       });
     }`,
  );
  const options = { extensions: [folder], listen: ['127.0.0.1:0'] };
  const { port, server, event } = await startServer(t, options);
  assert.equal((await connectTo(await greeted(t, port), '127.0.0.2', 1)).reply, 2);
  assert.equal(
    (await event('rejected')).detail,
    '127.0.0.1,127.0.0.1,127.0.0.1,connect,127.0.0.1,127.0.0.2',
  );
  const to = { host: '127.0.0.1', port: 1 };
  const { addresses } = await server.check(undefined, 'connect', to);
  assert.match(addresses[0]?.by ?? '', /127\.0\.0\.1 is fine$/);
  const echo = await echoServer(t);
  await connected(t, port, echo);
});

test('a layer with nothing to open is registered as it is', async (t) => {
  const folder = extension(
    t,
    contributing({ layers: ['mine'] }),
    `export function activate({ registries }) {
       registries.layers.register({
         id: 'mine',
         wrap: ({ transport }) => new Promise((resolve, reject) => transport.readTo({
           onData(chunk) {
             if (chunk[0] !== 7) reject(new Error('no seven'));
             transport.putBack(chunk.slice(1));
             resolve({ transport });
             return false;
           },
           onEnd: reject, onDrain() {}, onClose() {},
         }, transport.resume())),
       });
     }`,
  );
  const listen = ['mine://127.0.0.1:0'];
  const { port } = await startServer(t, { extensions: [folder], listen });
  const client = await Client.connect(t, port);
  client.send(7, 5, 1, 0);
  assert.deepEqual(await client.read(2), bytes(5, 0));
});

test('a command of an extension that is switched off says so', async (t) => {
  const folder = extension(
    t,
    { contributes: { commands: [{ command: 'ext.run', title: 'Run' }] } },
    `export function activate({ commands }) {
       commands.register('ext.run', () => {
         for (let i = 0; i < 5; i++) setImmediate(() => { throw new Error('no ' + i); });
       });
     }`,
  );
  const { server, event } = await startServer(t, { extensions: [folder] });
  await server.runCommand('ext.run');
  await event('warning', ({ message }) => /is switched off/.test(message));
  await assert.rejects(server.runCommand('ext.run'), {
    message: /^ext\.run: the extension "picosocks5-ext" is switched off/,
  });
});

test('what is logged may be an error, which is told with its place, or be written as by console.log', async (t) => {
  const folder = extension(
    t,
    { contributes: { commands: [{ command: 'ext.run', title: 'Run' }] } },
    `export function activate({ commands, log }) {
       commands.register('ext.run', () => {
         log.error(new TypeError('no'));
         log.info({ a: 'x'.repeat(100), b: [1] });
         log.info('%d of %s', 1, 'two');
         log.info('100%', new Error('yes'));
       });
     }`,
  );
  const { server, event, events } = await startServer(t, { extensions: [folder] });
  await server.runCommand('ext.run');
  await event('info', ({ message }) => message.includes('yes'));
  const own = events.flatMap((one) => ('extension' in one ? [[one.type, one.message]] : []));
  assert.deepEqual(own, [
    ['error', 'ext: no (extension.js:3)'],
    ['info', `ext: { a: '${'x'.repeat(100)}', b: [ 1 ] }`],
    ['info', 'ext: 1 of two'],
    ['info', 'ext: 100% yes (extension.js:6)'],
  ]);
});

test('the URL of a way out need not have a port', async (t) => {
  const folder = extension(
    t,
    contributing({ outbounds: ['mine'] }),
    `import { connect } from 'node:net';
     import { once } from 'node:events';
     export function activate({ registries, log }) {
       registries.outbounds.register({
         id: 'mine', schemes: ['mine'], resolves: true,
         async connect({ destination, upstream }, signal) {
           const { host, port } = upstream;
           log.info(host, port, await upstream.open().catch(({ message }) => message));
           const socket = connect({ ...destination, allowHalfOpen: true });
           await once(socket, 'connect', { signal });
           return socket;
         },
       });
     }`,
  );
  const { port, event } = await startServer(t, { extensions: [folder], via: ['mine://here'] });
  const client = await connected(t, port, await echoServer(t));
  assert.match((await event('info')).message, /^ext: here 0 .*its URL says no port$/);
  client.socket.end();
  assert.equal((await event('closed')).via, 'mine://here');
  await assert.rejects(
    startServer(t, { via: ['none://here'] }),
    /unknown scheme "none"; expected one of/,
  );
});
