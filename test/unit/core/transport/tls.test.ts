import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import { Cancellation } from '#core/base/cancellation.js';
import { connect } from '#core/transport/connect.js';
import { toTransport } from '#core/transport/sockettransport.js';
import { connectTls } from '#core/transport/tls.js';
import type { Transport } from '#core/transport/transport.js';
import { authority, type Certified, certificate } from '../../../support/certificates.js';
import { duplexPair } from '../../../support/duplexpair.js';
import { Client, serve } from '../../../support/sockets.js';
import { Recorder } from '../../../support/transports.js';

const ca = authority();
const own = certificate({ names: ['localhost', '127.0.0.1'], by: ca });

/** A server of Node's that speaks TLS, and tells its clients. */
async function tlsServer(t: TestContext, more: TlsOptions = {}) {
  const server = createServer({ ...own, allowHalfOpen: true, ...more });
  const waiting: ((client: Client) => void)[] = [];
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    const client = Client.of(socket);
    waiting.shift()?.(client);
  });
  server.on('tlsClientError', () => {});
  const port = await serve(t, (socket) => server.emit('connection', socket));
  const next = () => new Promise<Client>((resolve) => waiting.push(resolve));
  return { port, next };
}

function connected(t: TestContext, port: number): Promise<Transport> {
  return new Promise((resolve, reject) => {
    connect(
      { host: '127.0.0.1', port },
      {
        connected(transport) {
          t.after(() => transport.abort());
          resolve(transport);
        },
        failed: reject,
      },
    );
  });
}

const trusting = (by: Certified, servername = 'localhost') => ({
  servername,
  ca: by.cert,
  cancellation: new Cancellation(),
});

describe('TLS with a server', () => {
  for (const servername of ['localhost', '127.0.0.1']) {
    test(`bytes both ways, and the ends of both, with ${servername}`, async (t) => {
      const { port, next } = await tlsServer(t);
      const accepted = next();
      const transport = await connectTls(await connected(t, port), trusting(ca, servername));
      const far = await accepted;
      const reader = new Recorder(transport);
      transport.resume();
      const data = randomBytes(1_000_000);
      transport.write(data);
      transport.end();
      assert.ok((await far.readAll()).equals(data));
      far.send('answer');
      far.socket.end();
      await reader.until(/end/);
      assert.equal(String(reader.bytes), 'answer');
      await reader.until(/close here/);
    });
  }

  test('over any stream', async (t) => {
    const { port, next } = await tlsServer(t);
    const [near, far] = duplexPair();
    const socket = connectSocket(port, '127.0.0.1');
    far.pipe(socket).pipe(far);
    t.after(() => socket.destroy());
    const accepted = next();
    const transport = await connectTls(toTransport(near), trusting(ca));
    const reader = new Recorder(transport);
    transport.resume();
    (await accepted).send('hello');
    assert.equal(String(await reader.read(5)), 'hello');
    transport.close();
  });

  test('a certificate of the client, where the server wants one', async (t) => {
    const clients = authority('Clients');
    const { port, next } = await tlsServer(t, { requestCert: true, ca: clients.cert });
    const { cert, key } = certificate({ subject: [['CN', 'alice']], by: clients });
    const accepted = next();
    const transport = await connectTls(await connected(t, port), { ...trusting(ca), cert, key });
    const far = await accepted;
    assert.equal('authorized' in far.socket && far.socket.authorized, true);
    transport.close();
  });

  test('a certificate that is not to be trusted, unless that is allowed', async (t) => {
    const { port } = await tlsServer(t);
    for (const [options, message] of [
      [trusting(authority('Other')), /^the certificate of the server is not to be trusted: /],
      [
        trusting(ca, 'example.com'),
        /^the certificate of the server is not to be trusted: .*altnames/,
      ],
    ] as const) {
      const transport = await connected(t, port);
      await assert.rejects(connectTls(transport, options), { name: 'TlsError', message });
      assert.equal(transport.closed, true);
    }
    const lenient = { ...trusting(authority('Other')), rejectUnauthorized: false };
    (await connectTls(await connected(t, port), lenient)).close();
  });

  test('a server that speaks none, and one that leaves', async (t) => {
    const plain = await serve(t, (socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    const silent = await serve(t, (socket) => socket.end());
    const told = { name: 'TlsError', message: 'wrong version number' };
    await assert.rejects(connectTls(await connected(t, plain), trusting(ca)), told);
    const left = { message: 'the server left' };
    await assert.rejects(connectTls(await connected(t, silent), trusting(ca)), left);
  });

  test('is given up when that is said', async (t) => {
    const port = await serve(t, () => {});
    const transport = await connected(t, port);
    const cancellation = new Cancellation();
    const attempt = connectTls(transport, { ...trusting(ca), cancellation });
    setImmediate(() => cancellation.cancel());
    await assert.rejects(attempt, { message: 'given up' });
    assert.equal(transport.closed, true);
    assert.equal(cancellation.listeners, 0);
  });
});
