import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { ServerOptions } from 'picosocks5';
import { authority, type Certified, certificate, tlsFolder } from '../support/certificates.js';
import { manualClock } from '../support/clock.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, peerServer, serve } from '../support/sockets.js';
import { assertEcho, connectTo, readReply } from '../support/socks.js';
import { tlsClient } from '../support/tls.js';
import { passwordFile, plainSecret } from '../support/users.js';

const listen = ['tls://127.0.0.1:0'];

/** A server that speaks TLS, and the authority of its certificate. */
async function tlsServer(t: TestContext, more: ServerOptions = {}) {
  const { options, ca, write, folder } = tlsFolder(t);
  const server = await startServer(t, { listen, ...options, ...more });
  return { ...server, options, ca, write, folder };
}

/** A client over TLS that has been greeted without a login. */
async function greeted(t: TestContext, port: number, ca: Certified, more = {}) {
  const tls = await tlsClient(t, port, ca, more);
  tls.client.send(5, 1, 0);
  assert.deepEqual(await tls.client.read(2), bytes(5, 0));
  return tls;
}

async function connected(t: TestContext, port: number, ca: Certified, to: number, more = {}) {
  const tls = await greeted(t, port, ca, more);
  assert.equal((await connectTo(tls.client, '127.0.0.1', to)).reply, 0);
  return tls;
}

describe('SOCKS over TLS', () => {
  test('SOCKS 5 and 4, where the server says that it listens', async (t) => {
    const echo = await echoServer(t);
    const { port, ca, server, event } = await tlsServer(t);
    assert.deepEqual(server.addresses, [{ host: '127.0.0.1', port, scheme: 'tls' }]);
    assert.equal((await event('listening')).scheme, 'tls');
    const { client, socket } = await connected(t, port, ca, echo);
    await assertEcho(client);
    assert.match(socket.getProtocol() ?? '', /^TLSv1\.[23]$/);
    const { client: client4 } = await tlsClient(t, port, ca);
    client4.send(4, 1, echo >> 8, echo & 0xff, 127, 0, 0, 1, 0);
    assert.deepEqual((await client4.read(8)).subarray(0, 2), bytes(0, 90));
    await assertEcho(client4);
  });

  for (const type of ['rsa', 'ec'] as const) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      test(`a key of ${type}, ${version}`, async (t) => {
        const echo = await echoServer(t);
        const { options, ca } = tlsFolder(t, { type });
        const { port } = await startServer(t, { listen, ...options });
        const versions = { minVersion: version, maxVersion: version };
        const { client, socket } = await connected(t, port, ca, echo, versions);
        assert.equal(socket.getProtocol(), version);
        await assertEcho(client);
      });
    }
  }

  test('nothing older than TLS 1.2', async (t) => {
    const { port, ca, event } = await tlsServer(t);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const;
    await assert.rejects(tlsClient(t, port, ca, old));
    const { reason, detail } = await event('rejected');
    assert.equal(reason, 'tls-failed');
    assert.match(detail, /no version of TLS from 1\.2 on|version/);
  });

  test('a chain, and key and certificate in one file', async (t) => {
    const echo = await echoServer(t);
    const root = authority('Root');
    const between = certificate({ subject: [['CN', 'Between']], by: root, isAuthority: true });
    const { cert, key } = certificate({ names: ['localhost'], by: between });
    const { write } = tlsFolder(t);
    const tlsCert = write('all.pem', `text before it\r\n${key}\n${cert}\n${between.cert}`);
    const { port } = await startServer(t, { listen, tlsCert });
    await assertEcho((await connected(t, port, root, echo)).client);
  });

  test('at a UNIX socket, too', {
    skip: process.platform === 'win32' ? 'no UNIX sockets on Windows' : undefined,
  }, async (t) => {
    const echo = await echoServer(t);
    const { options, ca, folder } = tlsFolder(t);
    const path = `${folder}/socket`;
    const { server } = await startServer(t, { listen: [`tls://unix:${path}`], ...options });
    assert.deepEqual(server.addresses, [{ host: `unix:${path}`, port: 0, scheme: 'tls' }]);
    const tcp = connectSocket({ path, allowHalfOpen: true });
    t.after(() => tcp.destroy());
    const socket = connectTls({ socket: tcp, servername: 'localhost', ca: ca.cert });
    t.after(() => socket.destroy());
    const client = Client.of(socket);
    client.send(5, 1, 0);
    assert.deepEqual(await client.read(2), bytes(5, 0));
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
    await assertEcho(client);
  });

  test('behind a PROXY header, which comes first', async (t) => {
    const echo = await echoServer(t);
    const { port, ca, event } = await tlsServer(t, { proxyProtocol: ['127.0.0.1'] });
    const tcp = connectSocket({ port, host: '127.0.0.1' });
    t.after(() => tcp.destroy());
    tcp.write('PROXY TCP4 192.0.2.7 192.0.2.1 4711 1443\r\n');
    const socket = connectTls({ socket: tcp, servername: 'localhost', ca: ca.cert });
    t.after(() => socket.destroy());
    const client = Client.of(socket);
    client.send(4, 1, echo >> 8, echo & 0xff, 127, 0, 0, 1, 0);
    await client.read(8);
    assert.deepEqual((await event('request')).client, { host: '192.0.2.7', port: 4711 });
  });

  test('what a client sends ahead in one piece', async (t) => {
    const echo = await echoServer(t);
    const { port, ca } = await tlsServer(t);
    const { client } = await tlsClient(t, port, ca);
    client.send(bytes(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, echo >> 8, echo & 0xff, 'ahead'));
    assert.deepEqual(await client.read(2), bytes(5, 0));
    assert.equal((await readReply(client)).reply, 0);
    assert.equal(String(await client.read(5)), 'ahead');
  });

  test('a ClientHello that comes octet by octet', async (t) => {
    const echo = await echoServer(t);
    const { port, ca } = await tlsServer(t);
    const between = await serve(t, (near) => {
      const far = connectSocket({ port, host: '127.0.0.1', noDelay: true });
      far.on('error', () => near.destroy());
      near.on('close', () => far.destroy());
      far.pipe(near);
      let left = 60;
      near.on('data', async (chunk: Buffer) => {
        near.pause();
        const slow = Math.min(left, chunk.length);
        left -= slow;
        for (let i = 0; i < slow; i++) {
          await new Promise<void>((resolve) =>
            far.write(chunk.subarray(i, i + 1), () => resolve()),
          );
          await new Promise(setImmediate);
        }
        far.write(chunk.subarray(slow));
        near.resume();
      });
    });
    await assertEcho((await connected(t, between, ca, echo)).client);
  });

  test('half-close, either way', async (t) => {
    const { port, ca } = await tlsServer(t);
    const { port: remote, peer } = await peerServer(t);
    const { client, socket } = await connected(t, port, ca, remote);
    const far = await peer;
    client.send('question');
    socket.end();
    assert.equal(String(await far.readAll()), 'question');
    far.send('answer');
    far.socket.end();
    assert.equal(String(await client.readAll()), 'answer');
    assert.equal(client.error, undefined);

    const second = await peerServer(t);
    const other = await connected(t, port, ca, second.port);
    const peer2 = await second.peer;
    peer2.socket.end('first');
    assert.equal(String(await other.client.readAll()), 'first');
    other.client.send('later');
    other.socket.end();
    assert.equal(String(await peer2.readAll()), 'later');
    await other.client.closed();
    assert.equal(other.client.error, undefined);
  });

  test('a client that finishes is told so by TLS, not only by TCP', async (t) => {
    const { port, ca, event } = await tlsServer(t);
    const remote = await serve(t, (socket) => socket.end('all'));
    const { client, socket } = await connected(t, port, ca, remote);
    assert.equal(String(await client.readAll()), 'all');
    socket.end();
    assert.equal((await event('closed')).reason, 'finished');
  });

  test('a reset goes on as one, either way', async (t) => {
    const { port, ca, event } = await tlsServer(t);
    const { port: remote, peer } = await peerServer(t);
    const { client, tcp } = await connected(t, port, ca, remote);
    const far = await peer;
    client.send('some');
    await far.read(4);
    tcp.resetAndDestroy();
    await far.closed();
    assert.equal(far.error?.code, 'ECONNRESET');
    assert.equal((await event('closed')).reason, 'client-reset');

    const second = await peerServer(t);
    const other = await connected(t, port, ca, second.port);
    let code: string | undefined;
    other.tcp.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    other.client.send('more');
    const peer2 = await second.peer;
    await peer2.read(4);
    await peer2.reset();
    await other.client.closed();
    assert.equal(code ?? other.client.error?.code, 'ECONNRESET');
    await event('closed', ({ reason }) => reason === 'remote-reset');
  });

  test('megabytes both ways at once arrive whole', async (t) => {
    const echo = await echoServer(t);
    const { port, ca, event } = await tlsServer(t);
    const { client, socket } = await connected(t, port, ca, echo);
    const data = randomBytes(4_000_000);
    socket.end(data);
    assert.ok((await client.readAll()).equals(data));
    const { up, down, reason } = await event('closed');
    assert.deepEqual([up, down, reason], [data.length, data.length, 'finished']);
  });

  test('who does not read holds up who sends', async (t) => {
    const { port, ca, server } = await tlsServer(t);
    let sent = 0;
    const remote = await serve(t, (socket) => {
      const block = Buffer.alloc(65_536);
      const fill = () => {
        while (socket.write(block)) sent += block.length;
        sent += block.length;
      };
      socket.on('drain', fill);
      fill();
    });
    const { socket } = await connected(t, port, ca, remote);
    socket.pause();
    let before = -1;
    const moved = () => server.connections()[0]?.down ?? 0;
    while (moved() === 0 || moved() !== before) {
      before = moved();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.ok(before < 16_000_000, `${before} bytes were read for who reads nothing`);
    assert.ok(sent < 32_000_000, String(sent));
  });

  test('idle connections and silent handshakes end', async (t) => {
    const clock = manualClock(t, ['setTimeout', 'setInterval']);
    const echo = await echoServer(t);
    const { port, ca, event } = await tlsServer(t, { timeout: 1 });
    const { client } = await connected(t, port, ca, echo);
    const silent = await Client.connect(t, port);
    silent.send(0x16);
    const ended = [
      event('closed', ({ reason }) => reason === 'idle-timeout'),
      event('closed', ({ reason }) => reason === 'handshake-timeout'),
    ];
    await clock.passUntil(Promise.all([...ended, silent.readAll(), client.closed()]), 500);
  });

  test('a rate and a quota hold', async (t) => {
    const users = passwordFile(t, `alice::${plainSecret('secret')}`);
    const { write } = tlsFolder(t);
    const echo = await echoServer(t);
    const { port, ca, event } = await tlsServer(t, {
      auth: [users],
      users: { alice: { perDay: 300_000 } },
      quotaFile: write('quota', ''),
    });
    const { client } = await tlsClient(t, port, ca);
    client.send(5, 1, 2);
    assert.deepEqual(await client.read(2), bytes(5, 2));
    client.send(1, 5, 'alice', 6, 'secret');
    assert.deepEqual(await client.read(2), bytes(1, 0));
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
    client.send(Buffer.alloc(400_000));
    assert.equal((await event('closed')).reason, 'quota-exceeded');
  });

  test('sessions are resumed, also after a reload', async (t) => {
    const echo = await echoServer(t);
    const { port, ca, server } = await tlsServer(t);
    const first = await connected(t, port, ca, echo, { maxVersion: 'TLSv1.2' });
    const session = first.socket.getSession();
    await server.reload();
    const again = await connected(t, port, ca, echo, { maxVersion: 'TLSv1.2', session });
    assert.equal(again.socket.isSessionReused(), true);
    await assertEcho(again.client);
  });
});

describe('who does not speak TLS where it has to be spoken, and the other way round', () => {
  for (const [octets, octet, spoken] of [
    [bytes(5, 1, 0), 5, 'SOCKS 5'],
    [bytes(4, 1, 0, 80, 127, 0, 0, 1, 0), 4, 'SOCKS 4'],
    [bytes('CONNECT x:1 HTTP/1.1\r\n\r\n'), 0x43, 'HTTP'],
    [bytes(0, 1), 0, 'something else'],
  ] as const) {
    test(`${spoken} to a TLS port`, async (t) => {
      const { port, event } = await tlsServer(t);
      const client = await Client.connect(t, port);
      client.send(octets);
      assert.equal((await client.readAll()).length, 0);
      const rejected = await event('rejected');
      const hex = `0x${octet.toString(16).padStart(2, '0')}`;
      assert.equal(rejected.reason, 'tls-failed');
      assert.equal(
        rejected.detail,
        `the client speaks ${spoken} (first octet ${hex}); this listener speaks TLS`,
      );
      assert.deepEqual(rejected.diagnosis, { code: 'not-tls', octet });
      assert.equal((await event('closed')).reason, 'tls-failed');
    });
  }

  test('TLS to a plain port', async (t) => {
    const { ca } = tlsFolder(t);
    const { port, event } = await startServer(t);
    await assert.rejects(tlsClient(t, port, ca));
    const { reason, detail, diagnosis } = await event('rejected');
    assert.equal(reason, 'protocol-error');
    assert.match(detail, /the client speaks TLS; this listener does not/);
    assert.deepEqual(diagnosis, { code: 'not-socks', octet: 0x16 });
  });

  test('what only begins like TLS', async (t) => {
    const { port, event } = await tlsServer(t);
    const client = await Client.connect(t, port);
    client.send(0x16, 3, 1, 0, 5, 'xxxxx', randomBytes(200));
    await client.readAll();
    assert.equal((await event('rejected')).reason, 'tls-failed');
  });

  test('a client that trusts another authority says so', async (t) => {
    const { port, event } = await tlsServer(t);
    await assert.rejects(tlsClient(t, port, authority('Other')));
    await event('closed');
  });

  test('a client that leaves in the middle', async (t) => {
    const { port, event } = await tlsServer(t);
    for (const how of ['end', 'reset'] as const) {
      const client = await Client.connect(t, port);
      client.send(0x16, 3, 1, 2, 0, 1);
      await new Promise(setImmediate);
      if (how === 'end') client.socket.end();
      else await client.reset();
      await client.closed();
    }
    await event('closed', ({ id, reason }) => id === 1 && reason === 'client-left');
    await event('closed', ({ id, reason }) => id === 2 && reason === 'client-left');
  });
});

describe('certificates of clients', () => {
  const own = (ca: Certified, subject: readonly (readonly ['CN' | 'O' | 'OU' | 'C', string])[]) => {
    const { cert, key } = certificate({ subject, by: ca });
    return { cert, key };
  };

  /** A server that lets clients in by certificates of an authority. */
  async function asking(t: TestContext, more: ServerOptions = {}) {
    const clients = authority('Clients');
    const { write, options, ca } = tlsFolder(t);
    const tlsClientCa = write('clients.pem', clients.cert);
    const server = await startServer(t, { listen, ...options, tlsClientCa, ...more });
    return { ...server, options, ca, clients, write };
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`the common name is the user, and its group that of the sources, ${version}`, async (t) => {
      const echo = await echoServer(t);
      const users = passwordFile(t, `alice:staff:${plainSecret('secret')}`);
      const { port, ca, clients, event, server } = await asking(t, { auth: [users] });
      const alice = {
        ...own(clients, [
          ['O', 'Example'],
          ['CN', 'alice'],
        ]),
        maxVersion: version,
      };
      const { client } = await connected(t, port, ca, echo, alice);
      await assertEcho(client);
      const { user, group, method } = await event('authenticated');
      assert.deepEqual([user, group, method], ['alice', 'staff', 'tls']);
      assert.equal(server.connections()[0]?.user, 'alice');
      const carol = { ...own(clients, [['CN', 'carol']]), maxVersion: version };
      await connected(t, port, ca, echo, carol);
      const other = await event('authenticated', (one) => one.user === 'carol');
      assert.equal(other.group, undefined);
    });

    test(`no certificate, and one of somebody else, ${version}`, async (t) => {
      const { port, ca, event, events } = await asking(t);
      const attempt = async (more: object) => {
        // In TLS 1.3 a client has got through before it is looked at.
        const { client } = await tlsClient(t, port, ca, { ...more, maxVersion: version });
        client.send(5, 1, 0);
        await client.read(2);
      };
      await assert.rejects(attempt({}));
      const rejected = await event('rejected');
      assert.deepEqual(
        [rejected.reason, rejected.detail],
        ['tls-failed', 'the client shows no certificate'],
      );
      await assert.rejects(attempt(own(authority('Other'), [['CN', 'alice']])));
      const second = await event('rejected', ({ id }) => id === 2);
      assert.equal(second.reason, 'tls-failed');
      assert.match(second.detail, /^the certificate of the client is not to be trusted: /);
      assert.ok(!events.some(({ type }) => type === 'authenticated'));
    });
  }

  test('a certificate that has expired', async (t) => {
    const { port, ca, clients, event } = await asking(t);
    const expired = certificate({ subject: [['CN', 'alice']], by: clients, from: -9, to: -1 });
    const attempt = async () => (await greeted(t, port, ca, expired)).client;
    await assert.rejects(attempt());
    assert.match((await event('rejected')).detail, /not to be trusted: certificate has expired/);
  });

  for (const [subject, user] of [
    [
      [
        ['O', 'Example'],
        ['C', 'AT'],
      ],
      'C=AT,O=Example',
    ],
    [[['O', 'a, CN=alice']], 'O=a\\, CN=alice'],
    [
      [
        ['CN', 'alice'],
        ['CN', 'bob'],
      ],
      'CN=bob,CN=alice',
    ],
  ] as const) {
    test(`without one common name the whole subject is the user: ${user}`, async (t) => {
      const { port, ca, clients, event } = await asking(t);
      await greeted(t, port, ca, own(clients, subject));
      assert.equal((await event('authenticated')).user, user);
    });
  }

  test('who insists on a password is not asked for one', async (t) => {
    const users = passwordFile(t, `bob::${plainSecret('secret')}`);
    const { port, ca, clients } = await asking(t, { auth: [users] });
    const { client } = await tlsClient(t, port, ca, own(clients, [['CN', 'alice']]));
    client.send(5, 1, 2);
    assert.deepEqual(await client.read(2), bytes(5, 0xff));
    const both = await tlsClient(t, port, ca, own(clients, [['CN', 'alice']]));
    both.client.send(5, 2, 0, 2);
    assert.deepEqual(await both.client.read(2), bytes(5, 0));
  });

  test('SOCKS 4, where users are', async (t) => {
    const echo = await echoServer(t);
    const users = passwordFile(t, `alice:staff:${plainSecret('secret')}`);
    const { port, ca, clients, event } = await asking(t, { auth: [users] });
    const { client } = await tlsClient(t, port, ca, own(clients, [['CN', 'alice']]));
    client.send(4, 1, echo >> 8, echo & 0xff, 127, 0, 0, 1, 'ignored', 0);
    assert.deepEqual((await client.read(8)).subarray(0, 2), bytes(0, 90));
    const { user, group } = await event('authenticated');
    assert.deepEqual([user, group], ['alice', 'staff']);
  });

  test('a session of before is not resumed under another authority', async (t) => {
    const { port, ca, clients, server, options, write, event } = await asking(t);
    const alice = { ...own(clients, [['CN', 'alice']]), maxVersion: 'TLSv1.2' } as const;
    const first = await greeted(t, port, ca, alice);
    const session = first.socket.getSession();
    const same = await greeted(t, port, ca, { ...alice, session });
    assert.equal(same.socket.isSessionReused(), true);
    const resumed = await event('authenticated', ({ id }) => id === 2);
    assert.equal(resumed.user, 'alice');
    const tlsClientCa = write('others.pem', authority('Others').cert);
    await server.reload({ listen, ...options, tlsClientCa });
    await assert.rejects(greeted(t, port, ca, { ...alice, session }));
    assert.match((await event('rejected')).detail, /not to be trusted/);
  });

  test('a section about whom no source knows is in force, and check takes any name', async (t) => {
    const auth = [passwordFile(t, `alice:staff:${plainSecret('secret')}`)];
    const users = { carol: { connections: 1 } };
    const { server, events, port, ca, clients, event } = await asking(t, { auth, users });
    const to = { host: '127.0.0.1', port: await echoServer(t) };
    assert.equal((await server.check('carol', 'connect', to)).allowed, true);
    const carol = own(clients, [['CN', 'carol']]);
    await connected(t, port, ca, to.port, carol);
    const { client } = await tlsClient(t, port, ca, carol);
    client.send(5, 1, 0);
    await client.read(2);
    await connectTo(client, '127.0.0.1', to.port);
    assert.equal((await event('rejected')).user, 'carol');
    assert.deepEqual(
      events.filter(({ type }) => type === 'warning'),
      [],
    );
  });

  test('it is no open proxy beyond loopback, but a plain address beside it is', async (t) => {
    const { write, options } = tlsFolder(t);
    const tlsClientCa = write('clients.pem', authority().cert);
    const open = { code: 'open-proxy', message: /^refusing to listen on 0\.0\.0\.0:0 / };
    await assert.rejects(startServer(t, { listen: ['tls://0.0.0.0:0'], ...options }), open);
    await startServer(t, { listen: ['tls://0.0.0.0:0'], ...options, tlsClientCa });
    const both = ['tls://0.0.0.0:0', '0.0.0.0:0'];
    await assert.rejects(startServer(t, { listen: both, ...options, tlsClientCa }), open);
  });
});

describe('certificates and their files', () => {
  const fails = (t: TestContext, options: ServerOptions, message: string | RegExp) => {
    const where = options.listeners === undefined ? { listen } : { listen: [] };
    const started = startServer(t, { ...where, ...options });
    return assert.rejects(started, { name: 'UserError', message });
  };

  test('what cannot be used is told in a sentence', async (t) => {
    const { options, write, folder } = tlsFolder(t);
    const { tlsCert, tlsKey } = options;
    const other = certificate({ type: 'rsa' });
    const otherKey = write('other.pem', other.key);
    const message = `the key in "${otherKey}" does not fit the certificate in "${tlsCert}"`;
    await fails(t, { tlsCert, tlsKey: otherKey }, message);
    const none = `${folder}/none.pem`;
    const missing = 'no such file or directory';
    await fails(t, { tlsCert: none, tlsKey }, `cannot read the certificate "${none}": ${missing}`);
    await fails(t, { tlsCert, tlsKey: none }, `cannot read the key "${none}": ${missing}`);
    const authorities = `cannot read the certificates "${none}": ${missing}`;
    await fails(t, { ...options, tlsClientCa: none }, authorities);
    await fails(t, {}, /^tls:\/\/ needs --tls-cert FILE/);
    await fails(
      t,
      { tlsCert },
      `there is no private key in "${tlsCert}"; expected PEM: -----BEGIN PRIVATE KEY-----`,
    );
    await fails(
      t,
      { tlsCert: tlsKey },
      `there is no certificate in "${tlsKey}"; expected PEM: -----BEGIN CERTIFICATE-----`,
    );
    const der = write(
      'cert.der',
      Buffer.from(other.cert.replace(/-----.*-----|\n/g, ''), 'base64'),
    );
    await fails(t, { tlsCert: der, tlsKey }, /^".*cert\.der" is not PEM: it looks like DER/);
    const damaged = write('damaged.pem', other.cert.replace(/\n.{10}/, '\nAAAAAAAAAA'));
    await fails(
      t,
      { tlsCert: damaged, tlsKey: otherKey },
      /^the certificate in ".*damaged\.pem" is damaged: /,
    );
    const broken = write('broken.pem', other.key.replace(/\n.{10}/, '\nAAAAAAAAAA'));
    await fails(t, { tlsCert, tlsKey: broken }, /^the key in ".*broken\.pem" is damaged: /);
    const ca = authority();
    const own = certificate({ by: ca });
    const turned = write('turned.pem', `${ca.cert}${own.cert}`);
    const ownKey = write('own.pem', own.key);
    await fails(t, { tlsCert: turned, tlsKey: ownKey }, /has to stand first in ".*turned\.pem"/);
  });

  test('an encrypted key, in both forms', async (t) => {
    const { createPrivateKey } = await import('node:crypto');
    const { options, write } = tlsFolder(t);
    const { key } = certificate({ type: 'rsa' });
    const secret = { cipher: 'aes-256-cbc', passphrase: 'x', format: 'pem' } as const;
    for (const type of ['pkcs8', 'pkcs1'] as const) {
      const text = createPrivateKey(key).export({ ...secret, type }) as string;
      const tlsKey = write(`${type}.pem`, text);
      await fails(t, { ...options, tlsKey }, /^the key in ".*" is encrypted, .*openssl pkey/);
    }
  });

  test('of listeners each has its own, and what it does not say is as without it', async (t) => {
    const echo = await echoServer(t);
    const shared = tlsFolder(t);
    const own = tlsFolder(t);
    const { cert, key } = certificate({ names: ['localhost'], by: own.ca });
    const tlsCert = own.write('all.pem', key + cert);
    const { server } = await startServer(t, {
      ...shared.options,
      listen: [],
      listeners: {
        one: { listen },
        // Its certificate goes with a key of its own, here in the same file.
        two: { listen, tlsCert },
        three: { listen: ['127.0.0.1:0'] },
      },
    });
    const portOf = (name: string) =>
      server.listeners.find((one) => one.name === name)?.addresses[0]?.port ?? 0;
    await assertEcho((await connected(t, portOf('one'), shared.ca, echo)).client);
    await assertEcho((await connected(t, portOf('two'), own.ca, echo)).client);
    const plain = await Client.connect(t, portOf('three'));
    plain.send(5, 1, 0);
    assert.deepEqual(await plain.read(2), bytes(5, 0));
  });

  test('mistakes and warnings name the listener', async (t) => {
    const { options, write } = tlsFolder(t);
    const tlsClientCa = write('clients.pem', authority().cert);
    await fails(
      t,
      { listeners: { way: { listen } } },
      /^\[listener:way\]: tls:\/\/ needs --tls-cert/,
    );
    const { events } = await startServer(t, {
      listen: ['tls://127.0.0.1:0'],
      ...options,
      listeners: { way: { listen: ['127.0.0.1:0'], tlsClientCa } },
    });
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
      ['[listener:way]: tls-client-ca is not in force: no address of it is behind tls://'],
    );
    const open = { way: { listen: ['tls://0.0.0.0:0'] } };
    await fails(t, { ...options, listeners: open }, /^\[listener:way\]: refusing to listen on/);
    await startServer(t, { listen: [], ...options, tlsClientCa, listeners: open });
  });

  test('a scheme that is none', async (t) => {
    const message =
      /^listen: "ssl:\/\/127\.0\.0\.1:0": there is no ssl:\/\/; expected tls:\/\/ or none$/;
    await fails(t, { listen: ['ssl://127.0.0.1:0'] }, message);
  });

  test('one port cannot be both', async (t) => {
    const { options } = tlsFolder(t);
    const both = ['127.0.0.1:18443', 'tls://127.0.0.1:18443'];
    await fails(t, { ...options, listen: both }, /^127\.0\.0\.1:18443 cannot be both /);
    const two = ['127.0.0.1:0', 'tls://127.0.0.1:0'];
    const { server } = await startServer(t, { ...options, listen: two });
    assert.deepEqual(
      server.addresses.map(({ scheme }) => scheme),
      [undefined, 'tls'],
    );
  });

  const warningsOf = async (t: TestContext, options: ServerOptions) => {
    const { events } = await startServer(t, { listen, ...options });
    return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  };
  for (const [from, to, words, day] of [
    [-9, 3.5, 'expires in 3 days, on', 'validTo'],
    [-9, 1.5, 'expires in a day, on', 'validTo'],
    [-9, 0.5, 'expires within a day, on', 'validTo'],
    [-9, 13.9, 'expires in 13 days, on', 'validTo'],
    [-9, -2, 'has expired on', 'validTo'],
    [2, 90, 'is not valid before', 'validFrom'],
    [-9, 14.1, undefined, undefined],
  ] as const) {
    test(`a certificate from ${from} to ${to} days from now: ${words ?? 'no warning'}`, async (t) => {
      const { options } = tlsFolder(t, { from, to });
      const warnings = await warningsOf(t, options);
      const { tlsCert } = options;
      if (words === undefined) return assert.deepEqual(warnings, []);
      const date = new Date(new X509Certificate(readFileSync(tlsCert))[day]);
      assert.deepEqual(warnings, [
        `the certificate of "localhost" in "${tlsCert}" ${words} ${date.toISOString().slice(0, 10)}`,
      ]);
    });
  }

  test('one that expires is told daily while it runs', async (t) => {
    const clock = manualClock(t, ['setInterval']);
    const { options } = tlsFolder(t, { to: 3.5 });
    const { events } = await startServer(t, { listen, ...options });
    const warnings = () => events.filter(({ type }) => type === 'warning').length;
    assert.equal(warnings(), 1);
    const day = 24 * 3600 * 1000;
    clock.pass(day - 1000);
    assert.equal(warnings(), 1);
    clock.pass(1000);
    assert.equal(warnings(), 2);
    clock.pass(1000);
    assert.equal(warnings(), 2);
  });

  const noModes = process.platform === 'win32' ? 'modes mean nothing on Windows' : undefined;
  test('a key that others can read is warned of', { skip: noModes }, async (t) => {
    const { options } = tlsFolder(t);
    const { tlsKey } = options;
    chmodSync(tlsKey, 0o644);
    assert.deepEqual(await warningsOf(t, options), [
      `the key "${tlsKey}" has mode 0644: its group and everybody can read it; ` +
        `mend that with: chmod 600 ${tlsKey}`,
    ]);
  });

  test('options of TLS without an address for it are warned of', async (t) => {
    const { options } = tlsFolder(t);
    assert.deepEqual(await warningsOf(t, { ...options, listen: ['127.0.0.1:0'] }), [
      'tls-cert and tls-key are not in force: no address to listen at is behind tls://',
    ]);
  });

  test('a reload takes a new certificate; a wrong one leaves the old in force', async (t) => {
    const echo = await echoServer(t);
    const { port, ca, server, options } = await tlsServer(t);
    const before = await connected(t, port, ca, echo);
    const shown = async (trusted: Certified) => {
      const { socket } = await tlsClient(t, port, trusted);
      return socket.getPeerCertificate().serialNumber;
    };
    const serial = await shown(ca);
    const fresh = authority('Fresh');
    const { cert, key } = certificate({ names: ['localhost'], by: fresh });
    writeFileSync(options.tlsCert, cert);
    const { tlsCert, tlsKey } = options;
    await assert.rejects(server.reload(), {
      message: `the key in "${tlsKey}" does not fit the certificate in "${tlsCert}"`,
    });
    assert.equal(await shown(ca), serial);
    writeFileSync(options.tlsKey, key);
    await server.reload();
    assert.notEqual(await shown(fresh), serial);
    await assertEcho(before.client);
  });

  test('a reload makes a plain address one of TLS, and back', async (t) => {
    const echo = await echoServer(t);
    const { options, ca } = tlsFolder(t);
    const { port, server } = await startServer(t, { listen: ['127.0.0.1:0'] });
    const plain = [`127.0.0.1:${port}`];
    await server.reload({ listen: plain });
    await server.reload({ listen: [`tls://127.0.0.1:${port}`], ...options });
    await assertEcho((await connected(t, port, ca, echo)).client);
    await server.reload({ listen: plain });
    const client = await Client.connect(t, port);
    client.send(5, 1, 0);
    assert.deepEqual(await client.read(2), bytes(5, 0));
  });

  test('a client in between sees nothing that it could read', async (t) => {
    const echo = await echoServer(t);
    const { port, ca } = await tlsServer(t);
    let seen = Buffer.alloc(0);
    const between = await serve(t, (near) => {
      const far = connectSocket({ port, host: '127.0.0.1' });
      near.on('data', (chunk: Buffer) => {
        seen = Buffer.concat([seen, chunk]);
      });
      near.pipe(far).pipe(near);
      far.on('error', () => near.destroy());
      near.on('close', () => far.destroy());
    });
    const { client } = await connected(t, between, ca, echo);
    await assertEcho(client, 'a secret between us');
    assert.ok(seen.length > 100);
    assert.ok(!seen.includes('secret'));
  });
});
