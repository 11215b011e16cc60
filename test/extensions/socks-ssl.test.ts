import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { authority, certificate, type TlsFolder, tlsFolder } from '../support/certificates.js';
import { startServer } from '../support/server.js';
import { assertReset, bytes, Client, echoServer, peerServer, serve } from '../support/sockets.js';
import { address, assertEcho, connectTo, readReply } from '../support/socks.js';
import { SocksSslClient } from '../support/socksssl.js';

const folder = join(import.meta.dirname, '../../../core/extensions/socks-ssl');
const METHOD = 0x86;

async function serveSsl(t: TestContext, settings = {}, options: ServerOptions = {}) {
  const files = tlsFolder(t);
  const { tlsCert, tlsKey } = files.options;
  const started = await startServer(t, {
    extensions: [folder],
    settings: { 'socks-ssl.key': tlsKey, 'socks-ssl.cert': tlsCert, ...settings },
    ...options,
  });
  return { ...started, files, ca: files.ca.cert };
}

/** A server whose users have certificates, and the certificate of one of them. */
async function serveUsers(t: TestContext, options: ServerOptions = {}) {
  const users = authority('Users');
  const file = tlsFolder(t).write('users.pem', users.cert);
  const settings = { 'socks-ssl.client-ca': file };
  const started = await serveSsl(t, settings, { auth: ['ssl:'], ...options });
  const alice = certificate({ subject: [['CN', 'alice']], by: users });
  return { ...started, alice: { ca: started.ca, ...alice } };
}

for (const method of [METHOD, 0x06]) {
  test(`METHOD 0x${method.toString(16)}: request, replies and data of both ways`, async (t) => {
    const { port, ca, event } = await serveSsl(t);
    const { port: remote, peer } = await peerServer(t);
    const seen: Buffer[] = [];
    const client = await SocksSslClient.connect(t, port, method, { ca });
    client.raw.on('data', (chunk: Buffer) => seen.push(chunk));
    assert.equal((await connectTo(client.inside, '127.0.0.1', remote)).reply, 0);
    const there = await peer;
    client.inside.send('ping');
    client.tls.end();
    assert.equal((await there.readAll()).toString(), 'ping', 'and the end');
    there.send('pong').socket.end();
    assert.equal((await client.inside.readAll()).toString(), 'pong');
    const { up, down, reason, method: by } = await event('closed');
    assert.deepEqual([up, down, reason], [4, 4, 'finished'], 'plain octets');
    assert.equal(by, method === METHOD ? 'socks-ssl' : 'socks-ssl-iana');
    assert.ok(!Buffer.concat(seen).includes('pong'));
    const { states } = client.frames;
    assert.equal(states[0], 1);
    assert.ok(states.includes(3));
    assert.equal(states.at(-1), 4);
    assert.deepEqual(states, [...states].sort(), 'one after the other');
  });
}

test('8 MiB, and the request in the same segment as the end of the handshake', async (t) => {
  const { port, ca } = await serveSsl(t);
  const data = randomBytes(8 * 1024 * 1024);
  const source = await serve(t, (socket) => socket.end(data));
  const client = await SocksSslClient.begin(t, port, METHOD, { ca });
  client.tls.write(bytes(5, 1, 0, address('127.0.0.1', source)));
  const hash = createHash('sha256');
  let head = 10;
  for await (const part of client.tls as AsyncIterable<Buffer>) {
    hash.update(part.subarray(head));
    head -= Math.min(head, part.length);
  }
  assert.equal(hash.digest('hex'), createHash('sha256').update(data).digest('hex'));
});

test('a certificate says who the client is', async (t) => {
  const groups = { staff: { request: ['connect'] } };
  const { port, alice, event } = await serveUsers(t, { groups });
  const client = await SocksSslClient.connect(t, port, METHOD, alice);
  assert.equal((await connectTo(client.inside, '127.0.0.1', await echoServer(t))).reply, 0);
  await assertEcho(client.inside);
  assert.equal((await event('authenticated')).user, 'alice');
});

test('who has no certificate of the authorities is not let in', async (t) => {
  const { port, alice, event } = await serveUsers(t);
  const stranger = certificate({ subject: [['CN', 'alice']], by: authority('Users') });
  for (const [own, words] of [
    [{}, /did not return a certificate/i],
    [stranger, /not to be trusted: /],
    [certificate({ subject: [['O', 'nobody']] }), /not to be trusted: /],
  ] as const) {
    const client = await SocksSslClient.begin(t, port, METHOD, { ca: alice.ca, ...own });
    client.tls.on('error', () => {});
    await event('authentication-failed', ({ detail }) => words.test(detail));
    client.raw.destroy();
  }
  const anonymous = await Client.connect(t, port);
  anonymous.send(5, 1, 0);
  assert.deepEqual(await anonymous.readAll(), bytes(5, 0xff));
});

test('a client that does not trust the server', async (t) => {
  const { port, event } = await serveSsl(t);
  const client = await SocksSslClient.begin(t, port, METHOD, { ca: authority().cert });
  await once(client.tls, 'error');
  client.raw.destroy();
  assert.equal((await event('closed')).reason, 'client-left');
});

test('there is no association: datagrams have no form', async (t) => {
  const { port, ca } = await serveSsl(t);
  const client = await SocksSslClient.connect(t, port, METHOD, { ca });
  client.inside.send(5, 3, 0, 1, 0, 0, 0, 0, 0, 0);
  assert.equal((await readReply(client.inside)).reply, 7);
});

test('a cut is a cut', async (t) => {
  const { port, ca } = await serveSsl(t);
  const { port: remote, peer } = await peerServer(t);
  const client = await SocksSslClient.connect(t, port, METHOD, { ca });
  client.tls.on('error', () => {});
  await connectTo(client.inside, '127.0.0.1', remote);
  await (await peer).reset();
  assert.equal(await client.closed, 'ECONNRESET');
});

for (const [what, octets, words] of [
  ['of another version', bytes(2, 3, 0, 1, 7), /VER of a frame of SOCKS over SSL is 2/],
  ['of another STATE', bytes(1, 9, 0, 1, 7), /STATE of a frame of SOCKS over SSL is 9/],
  ['with options', bytes(1, 2, 0, 1, 7), /negotiates options/],
  ['that is no TLS', bytes(1, 3, 0, 5, 'hello'), /wrong version number/],
] as const) {
  test(`a frame ${what} ends the connection`, async (t) => {
    const { port, ca, event } = await serveSsl(t);
    const early = await Client.connect(t, port);
    early.send(5, 1, METHOD, octets);
    await early.readAll();
    early.socket.end();
    const { id } = await event('connection');
    await event('closed', (closed) => closed.id === id);
    const client = await SocksSslClient.connect(t, port, METHOD, { ca });
    client.tls.on('error', () => {});
    const { port: remote, peer } = await peerServer(t);
    await connectTo(client.inside, '127.0.0.1', remote);
    const { socket } = await peer;
    client.raw.write(octets);
    await assertReset(socket);
    await event('warning', ({ message }) => words.test(message));
  });
}

for (const [what, change, message] of [
  [
    'a certificate that is not there',
    () => ({ 'socks-ssl.cert': '/nowhere' }),
    /cannot read the certificate "\/nowhere"/,
  ],
  [
    'what is no certificate',
    (files: TlsFolder) => ({ 'socks-ssl.cert': files.write('x.pem', 'x') }),
    /x\.pem" has no certificate in PEM/,
  ],
  [
    'a key that does not fit',
    (files: TlsFolder) => ({ 'socks-ssl.key': files.write('k.pem', certificate().key) }),
    /cannot be used with the key/,
  ],
] as const) {
  test(`${what} is one sentence`, async (t) => {
    await assert.rejects(serveSsl(t, change(tlsFolder(t))), { name: 'UserError', message });
  });
}

test('without a certificate it does not start', async (t) => {
  const message = /socks-ssl\.cert is missing/;
  await assert.rejects(startServer(t, { extensions: [folder] }), { name: 'UserError', message });
});

test('users without an authority for them are a mistake', async (t) => {
  await assert.rejects(serveSsl(t, {}, { auth: ['ssl:'] }), /"ssl:" needs socks-ssl\.client-ca/);
});
