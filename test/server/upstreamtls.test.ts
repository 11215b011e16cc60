import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import type { ServerOptions, UpstreamOptions } from 'picosocks5';
import { authority, tlsFolder } from '../support/certificates.js';
import { temporaryFile } from '../support/files.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, serve } from '../support/sockets.js';
import { address, assertEcho, request } from '../support/socks.js';
import { scripted, takeHead } from '../support/upstreams.js';

/** An upstream that speaks SOCKS inside of TLS, and what is to be said of it. */
async function tlsUpstream(t: TestContext, about = {}, more: ServerOptions = {}) {
  const { options, ca } = tlsFolder(t, { names: ['localhost', '127.0.0.1'], ...about });
  const listen = ['tls://127.0.0.1:0'];
  const upstream = await startServer(t, { listen, ...options, ...more });
  const section: UpstreamOptions = {
    url: `socks5+tls://127.0.0.1:${upstream.port}`,
    tlsCa: temporaryFile(t, ca.cert, 'ca.pem'),
  };
  return { upstream, section, options };
}

async function ask(t: TestContext, section: UpstreamOptions, to: number, more: ServerOptions = {}) {
  const server = await startServer(t, { via: ['up'], upstreams: { up: section }, ...more });
  const { client, reply } = await request(t, server.port, 1, address('127.0.0.1', to));
  return { client, reply: reply.reply, server };
}

test('SOCKS 5 over TLS: much goes both ways, and half-close', async (t) => {
  const echo = await echoServer(t);
  const { upstream, section } = await tlsUpstream(t);
  const { client, reply, server } = await ask(t, section, echo);
  assert.equal(reply, 0);
  await assertEcho(client);
  const data = randomBytes(5_000_000);
  client.socket.end(data);
  assert.ok((await client.readAll()).equals(data));
  assert.equal((await server.event('closed')).reason, 'finished');
  assert.equal((await upstream.event('closed')).reason, 'finished');
});

test('a name in the URL is the one that the certificate has to be for', async (t) => {
  const echo = await echoServer(t);
  const { section } = await tlsUpstream(t, { names: ['localhost'] });
  const url = section.url.replace('127.0.0.1', 'localhost');
  assert.equal((await ask(t, { ...section, url }, echo)).reply, 0);
  const { reply, server } = await ask(t, section, echo);
  assert.equal(reply, 1);
  const { detail } = await server.event('rejected');
  assert.match(detail, /^upstream up cannot be used: .*(not to be trusted|does not match)/);
});

test('a certificate that nobody known has signed is not trusted', async (t) => {
  const echo = await echoServer(t);
  const { upstream, section } = await tlsUpstream(t);
  const other = temporaryFile(t, authority('Another').cert, 'ca.pem');
  const { tlsCa: _, ...usual } = section;
  for (const mistrusting of [{ ...section, tlsCa: other }, usual]) {
    const { reply, server } = await ask(t, mistrusting, echo);
    assert.equal(reply, 1);
    assert.match((await server.event('rejected')).detail, /^upstream up cannot be used: .*trusted/);
  }
  assert.equal(upstream.events.filter(({ type }) => type === 'request').length, 0);
});

test('HTTP over TLS: what comes with the answer is not lost', async (t) => {
  const { options, ca } = tlsFolder(t, { names: ['127.0.0.1'] });
  const files = options as { tlsCert: string; tlsKey?: string };
  const cert = readFileSync(files.tlsCert);
  const key = readFileSync(files.tlsKey ?? files.tlsCert);
  const port = await serve(t, (socket) => {
    const secured = new TLSSocket(socket, { isServer: true, cert, key });
    secured.on('error', () => {});
    const client = Client.of(secured);
    void takeHead(client).then(async () => {
      client.send('HTTP/1.1 200 OK\r\n\r\nhello');
      client.send(await client.read(4));
      secured.end();
    });
  });
  const tlsCa = temporaryFile(t, ca.cert, 'ca.pem');
  const { client, reply, server } = await ask(t, { url: `https://127.0.0.1:${port}`, tlsCa }, 9);
  assert.equal(reply, 0);
  client.send('ping');
  assert.equal((await client.readAll()).toString(), 'helloping');
  assert.equal((await server.event('established')).via, 'up');
});

test('an upstream that speaks no TLS, or leaves in the middle of it, or says nothing', async (t) => {
  const { section } = await tlsUpstream(t);
  for (const [script, expected] of [
    [(client: Client) => client.send(5, 0, 5, 0, 0, 1), 1],
    [(client: Client) => client.send('HTTP/1.1 400 Bad Request\r\n\r\n'), 1],
    [(client: Client) => client.socket.end(bytes(22, 3, 3, 0, 90)), 1],
    [(client: Client) => client.socket.end(), 1],
    [() => {}, 6],
  ] as const) {
    const { port, clients } = await scripted(t, async (client) => {
      script(client);
    });
    const url = `socks5+tls://127.0.0.1:${port}`;
    const timeout = expected === 6 ? 0.3 : 60;
    const { reply, server } = await ask(t, { ...section, url, timeout }, 9);
    assert.equal(reply, expected);
    assert.match((await server.event('rejected')).detail, /^upstream up cannot be used: /);
    // Ours is closed: there is nothing more to read.
    await clients[0]?.readAll();
  }
});

test('a chain, the second of it over TLS, inside of the first', async (t) => {
  const echo = await echoServer(t);
  const { upstream: second, section } = await tlsUpstream(t);
  const first = await startServer(t);
  const { client } = await request(
    t,
    (
      await startServer(t, {
        via: ['second'],
        upstreams: {
          first: { url: `socks5://127.0.0.1:${first.port}` },
          second: { ...section, through: 'first' },
        },
      })
    ).port,
    1,
    address('127.0.0.1', echo),
  );
  await assertEcho(client);
  assert.equal((await first.event('request')).destination.port, second.port);
});

test('datagrams do not go about beside TLS for all to read', async (t) => {
  const { section } = await tlsUpstream(t);
  const upstreams = { up: section };
  const { port } = await startServer(t, { via: ['up'], upstreams });
  const { reply } = await request(t, port, 3, address('0.0.0.0', 0));
  assert.equal(reply.reply, 7);
});

test('tls-ca is of use over TLS only, and has to be PEM', async (t) => {
  const file = temporaryFile(t, 'nothing', 'ca.pem');
  for (const [url, tlsCa, message] of [
    ['socks5://h', file, /^\[upstream:up\]: tls-ca: socks5 is not spoken over TLS$/],
    ['https://h', file, /^\[upstream:up\]: there is no certificate in ".*ca.pem"/],
    ['https://h', '/none', /^\[upstream:up\]: cannot read the certificates "\/none"/],
  ] as const) {
    const { createServer } = await import('picosocks5');
    const server = createServer({
      ...{ listen: ['127.0.0.1:0'], via: ['up'], upstreams: { up: { url, tlsCa } } },
    });
    t.after(() => server.close());
    await assert.rejects(server.listen(), { name: 'UserError', message });
  }
});
