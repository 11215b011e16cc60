import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import { UserError } from 'picosocks5';
import { duplexPair } from '../support/duplexpair.js';
import { temporaryDirectory } from '../support/files.js';
import { run, unless } from '../support/programs.js';
import { startServer } from '../support/server.js';
import { bytes, Client, connection, echoServer } from '../support/sockets.js';
import { address, assertEcho, connectTo, readReply } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';

/** A server that listens nowhere: its clients come from elsewhere. */
const nowhere = { listen: [] };

async function greet(client: Client): Promise<Client> {
  client.send(5, 1, 0);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  return client;
}

/** A stream in memory that a server serves, and the client at its other end. */
function clientOf(served: (near: Duplex) => void): Client {
  const [near, far] = duplexPair();
  served(near);
  return Client.of(far as Socket);
}

test('a socket that somebody else accepted is served', async (t) => {
  const echo = await echoServer(t);
  const { server, event } = await startServer(t, nowhere);
  const { near, far } = await connection(t);
  const id = server.serve(near);
  await greet(far);
  assert.equal((await connectTo(far, '127.0.0.1', echo)).reply, 0);
  await assertEcho(far, 'x'.repeat(300_000));
  const { client, id: told } = await event('connection');
  assert.deepEqual([told, client], [id, { host: '127.0.0.1', port: far.socket.localPort }]);
  assert.equal(server.connections()[0]?.id, id);
  far.socket.end();
  assert.equal((await far.readAll()).length, 0);
  const { reason, up, down, listener } = await event('closed');
  assert.deepEqual([reason, up, down, listener], ['finished', 300_000, 300_000, undefined]);
  assert.ok(near.destroyed);
});

test('a stream in memory is served as a client at an address that is given', async (t) => {
  const echo = await echoServer(t);
  const { server, event } = await startServer(t, { ...nowhere, network: ['!192.0.2.7', '*'] });
  const ask = async (host: string) => {
    const client = clientOf((near) => server.serve(near, { client: { host, port: 7 } }));
    client.send(5, 1, 0, 5, 1, 0, address('127.0.0.1', echo));
    return client;
  };
  const allowed = await ask('127.0.0.1');
  assert.deepEqual(await allowed.read(2), bytes(5, 0));
  assert.equal((await readReply(allowed)).reply, 0);
  await assertEcho(allowed, 'y'.repeat(300_000));

  assert.deepEqual(await (await ask('::ffff:192.0.2.7')).readAll(), bytes());
  const { client, detail } = await event('rejected');
  assert.deepEqual([client.host, detail], ['192.0.2.7', 'network rule "!192.0.2.7"']);

  const elsewhere = await ask('192.0.2.8');
  assert.deepEqual(await elsewhere.read(2), bytes(5, 0));
  assert.equal((await readReply(elsewhere)).reply, 2, "not the proxy host's own addresses");

  const [established] = server.connections();
  server.disconnect(established?.id ?? 0);
  await allowed.closed();
});

test('a client over TLS is served, with half-close', { skip: unless('openssl') }, async (t) => {
  const folder = temporaryDirectory(t);
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=x'];
  const made = await run(t, 'openssl', [...args, '-keyout', keyFile, '-out', certFile]);
  assert.equal(made.status, 0, made.stderr);
  const echo = await echoServer(t);
  const { server, event } = await startServer(t, nowhere);
  const pem = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  const listening = createTlsServer(pem, (socket) => server.serve(socket)).listen(0, '127.0.0.1');
  t.after(() => listening.close());
  await once(listening, 'listening');
  const { port } = listening.address() as { port: number };
  const socket = tlsConnect({
    port,
    host: '127.0.0.1',
    ca: pem.cert,
    checkServerIdentity: () => undefined,
  });
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  const { localPort } = socket;
  const client = await greet(Client.of(socket));
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  client.send('z'.repeat(300_000)).socket.end();
  assert.equal((await client.readAll()).length, 300_000);
  const { reason, client: from } = await event('closed');
  assert.deepEqual([reason, from.port], ['finished', localPort]);
});

test('a stream without a local end has its datagrams relayed where its client reaches this host', async (t) => {
  const { server } = await startServer(t, nowhere);
  const client = clientOf((near) => server.serve(near, { client: { host: '127.0.0.1', port: 7 } }));
  await greet(client);
  client.send(5, 3, 0, address('0.0.0.0', 0));
  const relay = await readReply(client);
  assert.deepEqual([relay.reply, relay.host], [0, '127.0.0.1']);
  const [own, peer] = [await UdpPeer.open(t), await UdpPeer.echo(t)];
  const datagram = bytes(0, 0, 0, address('127.0.0.1', peer.port), 'hello');
  own.send(datagram, relay.port);
  assert.deepEqual((await own.receive()).data, datagram);
});

test('what cannot be served is an error, and stays who asked for it', async (t) => {
  const { server } = await startServer(t);
  const [near] = duplexPair();
  const refused: [options: Parameters<typeof server.serve>[1], message: RegExp][] = [
    [{}, /^nothing tells the client's IP address/],
    [{ client: { host: 'localhost', port: 1 } }, /^"localhost" is not the client's IP address/],
    [{ listener: 'lan' }, /^there is no listener "lan"; expected one of default$/],
  ];
  const error = (message: RegExp) => (thrown: unknown) =>
    thrown instanceof UserError && message.test(thrown.message);
  for (const [options, message] of refused) {
    assert.throws(() => server.serve(near, options), error(message));
  }
  await server.close();
  const client = { host: '127.0.0.1', port: 1 };
  assert.throws(() => server.serve(near, { client }), error(/does not listen/));
  assert.equal(near.destroyed, false);
  assert.equal(near.listenerCount('data'), 0);
});

test('a stream that fails ends its own connection only', async (t) => {
  const echo = await echoServer(t);
  const { server, event } = await startServer(t, nowhere);
  const options = { client: { host: '127.0.0.1', port: 7 } };
  const [near, far] = duplexPair();
  server.serve(near, options);
  const other = await greet(clientOf((stream) => server.serve(stream, options)));
  const client = await greet(Client.of(far as Socket));
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  near.destroy(new Error('the stream is broken'));
  assert.equal((await event('closed')).reason, 'client-reset');
  assert.equal((await connectTo(other, '127.0.0.1', echo)).reply, 0);
  await assertEcho(other);
});
