import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { certificate } from '../support/certificates.js';
import { Command } from '../support/command.js';
import { extension } from '../support/extensions.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, serve } from '../support/sockets.js';
import { assertEcho, connectTo, readReply } from '../support/socks.js';

/** What a layer is, in JavaScript, besides its `wrap(arriving, signal)`. */
interface LayerParts {
  /** Done when it is opened. */
  readonly open?: string;
  /** What else it has. */
  readonly members?: string;
  /** What package.json says of it besides its id. */
  readonly contribution?: object;
}

/** A folder outside of the repository with the layer `mine`. @param wrap what it does. */
function layer(t: TestContext, wrap: string, parts: LayerParts = {}): string {
  const { open = '', members = '', contribution = {} } = parts;
  return extension(
    t,
    { contributes: { layers: [{ id: 'mine', ...contribution }] } },
    `import { Duplex } from 'node:stream';
     import { TLSSocket, createSecureContext } from 'node:tls';
     import { ProtocolError, Refusal, UserError } from 'picosocks5';
     export function activate({ registries }) {
       registries.layers.register({
         id: 'mine',
         open(options, warn) { ${open}; return { ${members} wrap(arriving, signal) { ${wrap} } }; },
       });
     }`,
  );
}

const identifies = { contribution: { identifies: true }, members: 'identifies: true,' };

/** All bits are the other way round behind it. */
const TURNING = `
  const turned = (bytes) => Uint8Array.from(bytes, (octet) => octet ^ 0xff);
  const below = arriving.stream();
  const above = new Duplex({
    allowHalfOpen: true,
    read() { below.resume(); },
    write(chunk, _, done) { below.write(turned(chunk), () => done()); },
    final(done) { below.end(done); },
    destroy(error, done) { below.destroy(); done(error); },
  });
  below.on('data', (chunk) => { if (!above.push(turned(chunk))) below.pause(); });
  below.on('end', () => above.push(null));
  return { transport: above };`;

const turned = (octets: Uint8Array) => Buffer.from(octets.map((octet) => octet ^ 0xff));

/** Takes a line off, which is the name of who comes. */
const NAMING = `
  return new Promise((resolve, reject) => {
    const { transport } = arriving;
    let all = Buffer.alloc(0);
    transport.readTo({
      onData(chunk) {
        all = Buffer.concat([all, chunk]);
        const end = all.indexOf(10);
        if (end < 0) return true;
        const name = String(all.subarray(0, end));
        if (name === 'nobody') { resolve({ transport }); return false; }
        if (name === 'mallory') { reject(new ProtocolError('mallory may not')); return false; }
        if (name === 'trudy') throw new Error('a mistake');
        transport.putBack(all.subarray(end + 1));
        resolve({ transport, identity: { user: name, group: 'staff' } });
        return false;
      },
      onEnd() { reject(new Refusal('client-left', 'no name came')); },
      onDrain() {},
      onClose() {},
    });
    transport.resume();
  });`;

const listen = ['mine://127.0.0.1:0'];

test('a layer of an extension: its scheme selects it', async (t) => {
  const open =
    "warn('asked with ' + typeof options.handshakeTimeout + ' and ' + typeof options.via)";
  const members = "warnings: () => ['it is weak'],";
  const folder = layer(t, TURNING, { open, members });
  const { port, event } = await startServer(t, { extensions: [folder], listen });
  await event('warning', ({ message }) => message === 'asked with number and undefined');
  await event('warning', ({ message }) => message === 'it is weak');
  const echo = await echoServer(t);
  const client = await Client.connect(t, port);
  client.send(turned(bytes(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, echo >> 8, echo & 0xff)));
  assert.deepEqual(turned(await client.read(12)).subarray(0, 4), bytes(5, 0, 5, 0));
  const data = randomBytes(300_000);
  client.send(turned(data.subarray(0, 100)));
  assert.deepEqual(turned(await client.read(100)), data.subarray(0, 100));
  client.socket.end(turned(data));
  assert.deepEqual(turned(await client.readAll()), data);
  const { reason, up, down } = await event('closed');
  assert.deepEqual([reason, up, down], ['finished', 300_100, 300_100]);
});

test("a layer over Node's streams: TLS, both ways at once, and a reset", async (t) => {
  const { cert, key } = certificate();
  const folder = layer(
    t,
    `const secure = new TLSSocket(arriving.stream(), { isServer: true, secureContext: globalThis.context, allowHalfOpen: true });
     secure.on('error', () => {});
     return new Promise((resolve, reject) => {
       secure.once('secure', () => resolve({ transport: secure }));
       secure.once('error', reject);
     });`,
    { open: `globalThis.context = createSecureContext(${JSON.stringify({ cert, key })})` },
  );
  const { port, event } = await startServer(t, { extensions: [folder], listen });
  const secured = async () => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    return Client.of(socket);
  };
  const echo = await echoServer(t);
  const client = await secured();
  client.send(5, 1, 0);
  await client.read(2);
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  const data = randomBytes(2_000_000);
  client.socket.write(data);
  assert.ok((await client.read(data.length)).equals(data));

  const resetting = await serve(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const other = await secured();
  other.send(5, 1, 0);
  await other.read(2);
  assert.equal((await connectTo(other, '127.0.0.1', resetting)).reply, 0);
  other.send('x');
  await other.closed();
  assert.equal((await event('closed', ({ id }) => id === 2)).reason, 'remote-reset');
});

test('a layer that identifies clients: no users are needed, and none comes in unknown', async (t) => {
  const folder = layer(t, NAMING, identifies);
  const groups = { staff: { request: ['connect'] } };
  const options = { extensions: [folder], request: ['!all'], groups };
  const { port, event } = await startServer(t, { ...options, listen: ['mine://*:0'] });
  const echo = await echoServer(t);
  const named = async (name: string) => (await Client.connect(t, port)).send(`${name}\n`);
  const client = await named('alice');
  client.send(5, 1, 0);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  await assertEcho(client);
  const { user, group, method } = await event('authenticated');
  assert.deepEqual([user, group, method], ['alice', 'staff', 'mine']);

  // All at once: what follows the name is read by who comes next.
  const ahead = await named('bob');
  ahead.send(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, echo >> 8, echo & 0xff, 'early');
  assert.deepEqual(await ahead.read(2), bytes(5, 0));
  assert.equal((await readReply(ahead)).reply, 0);
  assert.equal(String(await ahead.read(5)), 'early');

  for (const [name, reason, detail] of [
    ['nobody', 'internal-error', /^the layer "mine" failed: it identified nobody$/],
    ['mallory', 'protocol-error', /^mallory may not$/],
  ] as const) {
    assert.deepEqual(await (await named(name)).readAll(), bytes());
    assert.match((await event('rejected', (one) => one.reason === reason)).detail, detail);
  }
  const trudy = await named('trudy');
  await trudy.closed();
  await event('warning', ({ message }) =>
    /^the extension "ext" failed, reading what a client sent: a mistake/.test(message),
  );
  const gone = await Client.connect(t, port);
  gone.socket.end('ali');
  assert.deepEqual(await gone.readAll(), bytes());
  await event('rejected', ({ detail }) => detail === 'no name came');
});

test('a layer that fails lets nobody in', async (t) => {
  const cases: [wrap: string, detail: RegExp][] = [
    ["throw new Error('it throws')", /the layer "mine" failed: it throws/],
    ["return Promise.reject(new Error('later'))", /the layer "mine" failed: later/],
    ['throw undefined', /the layer "mine" failed: undefined/],
    ['return undefined', /the layer "mine" failed: it gave a undefined, not a connection/],
    ['return { transport: {} }', /it gave what is neither a stream nor a transport/],
    [
      'return { transport: arriving.transport, identity: 7 }',
      /the layer "mine" failed: it gave a number, not an identity/,
    ],
    [
      "arriving.transport.write('text'); return { transport: arriving.transport }",
      /the layer "mine" failed: expected octets to write/,
    ],
    ["throw new Refusal('not-allowed', 'not today')", /^not today$/],
    ["return { get then() { throw new Error('a trap'); } }", /the layer "mine" failed: a trap/],
  ];
  for (const [wrap, expected] of cases) {
    const folder = layer(t, wrap);
    const { port, event } = await startServer(t, { extensions: [folder], listen });
    for (let i = 1; i <= 2; i++) {
      const client = await Client.connect(t, port);
      client.send(5, 1, 0);
      assert.deepEqual(await client.readAll(), bytes(), wrap);
      assert.match((await event('rejected', ({ id }) => id === i)).detail, expected, wrap);
    }
  }
});

test('a layer that hangs: the handshake timeout holds, and who leaves is not waited for', async (t) => {
  const folder = layer(
    t,
    `globalThis.layerSignal = signal;
     arriving.transport.readTo({ onData: () => true, onEnd() {}, onDrain() {}, onClose() {} });
     arriving.transport.resume();
     return new Promise(() => {});`,
  );
  const options = { extensions: [folder], listen, handshakeTimeout: 0.2 };
  const { port, event, server } = await startServer(t, options);
  const client = await Client.connect(t, port);
  client.send(5, 1, 0);
  assert.deepEqual(await client.readAll(), bytes());
  assert.equal((await event('closed')).reason, 'handshake-timeout');
  assert.equal((globalThis as { layerSignal?: AbortSignal }).layerSignal?.aborted, true);

  await server.reload({
    ...options,
    listen: server.addresses.map(({ port }) => `mine://127.0.0.1:${port}`),
    handshakeTimeout: 3600,
  });
  const leaving = connect(port, '127.0.0.1');
  await once(leaving, 'connect');
  await event('connection', ({ id }) => id === 2);
  leaving.resetAndDestroy();
  assert.equal((await event('closed', ({ id }) => id === 2)).reason, 'client-left');
});

test('a layer that comes too late has no client any more', async (t) => {
  const folder = layer(
    t,
    `const { transport } = arriving;
     return new Promise((resolve) => signal.addEventListener('abort', () => {
       transport.write(Buffer.from('too late'));
       resolve({ transport });
     }));`,
  );
  const options = { extensions: [folder], listen, handshakeTimeout: 0.1 };
  const { port, event, server } = await startServer(t, options);
  const client = await Client.connect(t, port);
  assert.deepEqual(await client.readAll(), bytes());
  assert.equal((await event('closed')).reason, 'handshake-timeout');
  assert.deepEqual(server.connections(), []);
});

test('a layer whose extension was switched off lets nobody in', async (t) => {
  const folder = layer(
    t,
    `setImmediate(() => { throw new Error('it escapes'); });
     return { transport: arriving.transport };`,
  );
  const { port, event } = await startServer(t, { extensions: [folder], listen });
  for (let i = 0; i < 5; i++) {
    const client = await Client.connect(t, port);
    client.send(5, 1, 0);
    await client.read(2);
  }
  await event('warning', ({ message }) => /is switched off/.test(message));
  const client = await Client.connect(t, port);
  client.send(5, 1, 0);
  assert.deepEqual(await client.readAll(), bytes());
  assert.match((await event('rejected')).detail, /the extension "ext" is switched off/);
});

test('what is wrong about a layer keeps the server from starting', async (t) => {
  const cases: [folder: string, expected: RegExp][] = [
    [
      layer(t, '', { contribution: { identifies: true } }),
      /^the extension "ext": its layer "mine" does not say that it identifies clients, and package\.json does/,
    ],
    [
      layer(t, '', { members: 'identifies: true,' }),
      /^the extension "ext": its layer "mine" says that it identifies clients, and package\.json does not/,
    ],
    [
      layer(t, '', { contribution: { identifies: 1 } }),
      /contributes\.layers\[0\]: identifies: expected true or false, not 1$/,
    ],
    [
      layer(t, '', { contribution: { id: 'Mine' } }),
      /contributes\.layers\[0\]: id: expected a scheme of small letters such as "tls", not "Mine"$/,
    ],
    [layer(t, '', { open: "throw new UserError('no key')" }), /^no key$/],
    [layer(t, '', { open: 'return {}' }), /^the extension "ext": it has no wrap\(\)$/],
    [layer(t, '', { open: 'return 7' }), /^the extension "ext": open\(\) gave no layer$/],
    [
      extension(t, { contributes: { layers: [{ id: 'mine' }] } }, 'export function activate() {}'),
      /^the extension "picosocks5-ext" contributes "mine" to layers, and has not registered it$/,
    ],
    [
      extension(t, { contributes: {} }, 'export function activate() {}'),
      /^listen: "mine:\/\/127\.0\.0\.1:0": there is no mine:\/\/; expected tls:\/\/ or none$/,
    ],
  ];
  for (const [folder, expected] of cases) {
    await assert.rejects(startServer(t, { extensions: [folder], listen }), { message: expected });
  }
  const taken = extension(
    t,
    { contributes: { layers: [{ id: 'tls' }] } },
    `export function activate({ registries }) {
       registries.layers.register({ id: 'tls', open: () => ({ wrap() {} }) });
     }`,
  );
  await assert.rejects(
    startServer(t, { extensions: [taken] }),
    /"tls" of layers is built in, and cannot be registered/,
  );
  await assert.rejects(
    startServer(t, { extensions: [layer(t, '')], listen: ['mine://*:0'] }),
    /refusing to listen on 0\.0\.0\.0:0 without users/,
  );
});

test('a reload opens layers anew, and connections go on', async (t) => {
  const folder = layer(t, NAMING, {
    open: 'globalThis.openings = (globalThis.openings ?? 0) + 1; if (globalThis.openings === 2) throw new UserError("not now")',
  });
  const { server, port } = await startServer(t, { extensions: [folder], listen });
  const echo = await echoServer(t);
  const come = async () => {
    const client = (await Client.connect(t, port)).send('alice\n', 5, 1, 0);
    assert.deepEqual(await client.read(2), bytes(5, 0));
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
    return client;
  };
  const before = await come();
  await assert.rejects(server.reload(), /not now/);
  await assertEcho(await come());
  await server.reload();
  await assertEcho(await come());
  await assertEcho(before);
});

test('a layer on the command line, with workers', async (t) => {
  const folder = layer(t, NAMING, identifies);
  const echo = await echoServer(t);
  for (const workers of ['1', '2']) {
    const args = ['--extension', folder, '--workers', workers, ...listen];
    const command = new Command(t, args);
    const client = await Client.connect(t, await command.port());
    client.send('alice\n', 5, 1, 0);
    assert.deepEqual(await client.read(2), bytes(5, 0));
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
    client.socket.end();
    await command.line(/closed #\d+ .*user=alice .*reason=finished/);
  }
});
