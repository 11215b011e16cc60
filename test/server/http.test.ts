import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { logJson, logText } from '#core/log/logline.js';
import { blackHole, noBlackHole } from '../support/blackhole.js';
import { readHead, readMessage, request } from '../support/rawhttp.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const ESTABLISHED = 'HTTP/1.1 200 Connection established';

function basic(text: string): string {
  return `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}`;
}

/** What a request is answered with, to the end of the connection. */
async function answer(t: TestContext, port: number, text: string): Promise<string> {
  const client = await Client.connect(t, port);
  client.send(text);
  const all = String(await client.readAll());
  client.socket.end();
  return all;
}

test('CONNECT: what comes behind the head belongs to the tunnel', async (t) => {
  const echo = await echoServer(t);
  const { port, event, server } = await startServer(t);
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
    for (const pieces of [[1], [7, 50], [1000]]) {
      const client = await Client.connect(t, port);
      const all = bytes(request(`CONNECT ${host}:${echo}`, 'Host: whatever'), 'early');
      for (const size of pieces) {
        for (let at = 0; at < all.length; at += size) client.send(all.subarray(at, at + size));
        break;
      }
      assert.equal(await readHead(client), ESTABLISHED);
      assert.equal(String(await client.read(5)), 'early');
      await assertEcho(client, 'x'.repeat(200_000));
      const info = server.connections().find(({ client: { port: from } }) => {
        return from === client.socket.localPort;
      });
      assert.deepEqual([info?.dialect, info?.method, info?.command], ['http', 'none', 'connect']);
      client.socket.end();
      assert.equal((await client.readAll()).length, 0);
    }
  }
  const closed = await event('closed');
  assert.deepEqual([closed.reason, closed.up, closed.dialect], ['finished', 200_005, 'http']);
  assert.match(logText(closed), / dialect=http command=connect /);
  assert.equal(JSON.parse(logJson(closed)).dialect, 'http');
});

test('SOCKS goes on at the same port, and is told as such', async (t) => {
  const echo = await echoServer(t);
  const { port, event } = await startServer(t);
  const client = await connected(t, port, echo);
  await assertEcho(client);
  client.socket.end();
  await client.readAll();
  const closed = await event('closed');
  assert.equal(closed.dialect, 'socks5');
  assert.doesNotMatch(logText(closed), /dialect/);
});

test('HTTP/1.0, and a half-close', async (t) => {
  const echo = await echoServer(t);
  const { port } = await startServer(t);
  const client = await Client.connect(t, port);
  client.send(`CONNECT 127.0.0.1:${echo} HTTP/1.0\r\n\r\nall of it`);
  client.socket.end();
  assert.equal(await readHead(client), ESTABLISHED);
  assert.equal(String(await client.readAll()), 'all of it');
});

test('what is refused says why, in a status and a sentence', async (t) => {
  const closed = await freePort(t);
  const rules = ['!connect:127.0.0.9', 'connect'];
  const { port, events } = await startServer(t, { request: rules });
  const cases: [line: string, status: number, words: RegExp, reason: string][] = [
    [`CONNECT 127.0.0.1:${closed}`, 502, /127\.0\.0\.1:\d+: connection refused/, 'unreachable'],
    [
      'CONNECT name.invalid:80',
      502,
      /name\.invalid:80: the name (does not resolve|cannot be resolved now)/,
      'unreachable',
    ],
    ['CONNECT 127.0.0.9:80', 403, /does not allow 127\.0\.0\.9:80/, 'not-allowed'],
    ['GET http://127.0.0.9/', 403, /does not allow 127\.0\.0\.9:80/, 'not-allowed'],
    [`GET http://127.0.0.1:${closed}/`, 502, /connection refused/, 'unreachable'],
    ['CONNECT 127.0.0.1', 400, /HOST:PORT/, 'protocol-error'],
    ['GET https://example.com/', 400, /CONNECT/, 'protocol-error'],
    ['GET ftp://example.com/', 400, /http:\/\//, 'protocol-error'],
    ['GET /', 400, /This is a proxy, not a web site/, 'protocol-error'],
    ['OPTIONS *', 400, /This is a proxy/, 'protocol-error'],
    ['nonsense', 400, /request line/, 'protocol-error'],
  ].map((one) => one as [string, number, RegExp, string]);
  for (const [line, status, words, reason] of cases) {
    if (!/^[A-Z]/.test(line)) continue;
    const text = await answer(t, port, request(line));
    const [head = '', body = ''] = text.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), line);
    assert.match(head, /\r\nConnection: close$/m);
    assert.match(head, /\r\nContent-Type: text\/plain/);
    assert.match(body, words, line);
    assert.equal(new RegExp(`Content-Length: ${body.length}\r`).test(head), true);
    const rejected = events.filter(({ type }) => type === 'rejected').at(-1);
    assert.equal(rejected?.type === 'rejected' && rejected.reason, reason, line);
  }
  const head = await answer(t, port, request('HEAD http://127.0.0.9/'));
  assert.match(head, /^HTTP\/1\.1 403 .*\r\n\r\n$/s, 'HEAD is answered without a body');
  const trace = request('TRACE http://127.0.0.1/', 'Max-Forwards: 0');
  assert.match(await answer(t, port, trace), /^HTTP\/1\.1 405 .*\r\nAllow: /s);
  assert.match(await answer(t, port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), /^HTTP\/1\.1 505 /);
});

test('a rule is not told to who is refused by it', async (t) => {
  const { port } = await startServer(t, { request: ['!connect:secret.invalid', 'connect'] });
  const text = await answer(t, port, request('GET http://secret.invalid/'));
  assert.match(text, /^HTTP\/1\.1 403 /);
  assert.doesNotMatch(text, /rule/);
});

test('who does not answer is 504', { skip: noBlackHole }, async (t) => {
  const silent = await blackHole(t);
  const { port } = await startServer(t, { connectTimeout: 0.2 });
  const text = await answer(t, port, request(`CONNECT 127.0.0.1:${silent}`));
  assert.match(text, /^HTTP\/1\.1 504 .*connect timed out/s);
});

test('one connection too many of a user is 503', async (t) => {
  const echo = await echoServer(t);
  const auth = [passwordFile(t, `alice::${plainSecret('secret')}`)];
  const { port } = await startServer(t, { auth, maxconnPerUser: 1 });
  const first = await Client.connect(t, port);
  const connect = request(`CONNECT 127.0.0.1:${echo}`, basic('alice:secret'));
  first.send(connect);
  assert.equal(await readHead(first), ESTABLISHED);
  assert.match(await answer(t, port, connect), /^HTTP\/1\.1 503 /);
});

test('switched off it is refused, and SOCKS is not', async (t) => {
  const echo = await echoServer(t);
  const { port, event } = await startServer(t, { http: false });
  const text = await answer(t, port, request(`CONNECT 127.0.0.1:${echo}`));
  assert.match(text, /^HTTP\/1\.1 403 .*HTTP is switched off/s);
  const { reason, diagnosis } = await event('rejected');
  assert.deepEqual([reason, diagnosis], ['unsupported', { code: 'http-off' }]);
  await assertEcho(await connected(t, port, echo));
});

test('a browser that opens the proxy as a page is told, users or not', async (t) => {
  const auth = [passwordFile(t, `alice::${plainSecret('secret')}`)];
  for (const options of [{}, { auth }]) {
    const { port, event } = await startServer(t, options);
    const text = await answer(t, port, request('GET /', `Host: 127.0.0.1:${port}`));
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n.*This is a proxy/s);
    assert.deepEqual((await event('rejected')).diagnosis, { code: 'http-origin' });
  }
});

test('an SSH client is told from HTTP', async (t) => {
  const { port, event } = await startServer(t);
  assert.equal(await answer(t, port, 'SSH-2.0-OpenSSH\r\n'), '');
  assert.deepEqual((await event('rejected')).diagnosis, { code: 'not-socks', octet: 0x53 });
  assert.match(await answer(t, port, request('SEARCH http://name.invalid/')), /^HTTP\/1\.1 502 /);
});

async function withUsers(t: TestContext, more: object = {}) {
  const auth = [passwordFile(t, `alice:staff:${plainSecret('secret')}`)];
  const started = await startServer(t, { auth, ...more });
  const echo = await echoServer(t);
  const connect = (...fields: string[]) => request(`CONNECT 127.0.0.1:${echo}`, ...fields);
  return { ...started, echo, connect };
}

test('a client that has to log in is asked to, and does so on the same connection', async (t) => {
  const { port, connect, event, events } = await withUsers(t);
  const client = await Client.connect(t, port);
  client.send(connect());
  const asked = await readMessage(client);
  assert.equal(asked.line, 'HTTP/1.1 407 Proxy Authentication Required');
  assert.ok(
    asked.fields.some((field) => field.startsWith('proxy-authenticate: Basic realm="PicoSOCKS5"')),
  );
  assert.ok(asked.fields.includes('connection: keep-alive'));
  client.send(connect(basic('alice:secret')));
  assert.equal(await readHead(client), ESTABLISHED);
  await assertEcho(client);
  const { user, group, method, id } = await event('authenticated');
  assert.deepEqual([user, group, method], ['alice', 'staff', 'basic']);
  assert.equal(events.filter(({ type }) => type === 'connection').length, 1);
  client.socket.end();
  await client.readAll();
  assert.equal((await event('closed')).id, id);
});

test('a wrong password is asked for again, and is a connection of its own', async (t) => {
  const { port, connect, event, events } = await withUsers(t);
  const client = await Client.connect(t, port);
  client.send(connect(basic('alice:wrong')));
  assert.match((await readMessage(client)).line, / 407 /);
  const { user, method, id } = await event('authentication-failed');
  assert.deepEqual([user, method], ['alice', 'basic']);
  client.send(connect(basic('alice:secret')));
  assert.equal(await readHead(client), ESTABLISHED);
  await assertEcho(client);
  assert.notEqual((await event('authenticated')).id, id);
  assert.equal((await event('closed', (one) => one.id === id)).reason, 'authentication-failed');
  assert.equal(events.filter(({ type }) => type === 'connection').length, 2);
});

test('who fails to log in and leaves is one connection', async (t) => {
  const { port, connect, event, events } = await withUsers(t);
  const client = await Client.connect(t, port);
  client.send(connect(basic('alice:wrong')));
  await readMessage(client);
  client.socket.end();
  assert.equal((await client.readAll()).length, 0);
  assert.equal((await event('closed')).reason, 'authentication-failed');
  assert.equal(events.filter(({ type }) => type === 'connection').length, 1);
});

test('who is asked and leaves is told in the log', async (t) => {
  const { port, connect, event } = await withUsers(t);
  const client = await Client.connect(t, port);
  client.send(connect());
  await readMessage(client);
  client.socket.end();
  assert.equal((await client.readAll()).length, 0);
  const { reason, detail } = await event('rejected');
  assert.equal(reason, 'no-acceptable-method');
  assert.match(detail, /no name and password/);
});

test('wrong passwords lock out, by HTTP and SOCKS together, and end the connection', async (t) => {
  const { port, connect, events } = await withUsers(t, { maxLoginFailures: 2 });
  const client = await Client.connect(t, port);
  for (const password of ['one', 'two', 'three', 'four']) {
    client.send(connect(basic(`alice:${password}`)));
    assert.match((await readMessage(client)).line, / 407 /, password);
  }
  assert.equal((await client.readAll()).length, 0, 'four are enough');
  const details = events.flatMap((event) =>
    event.type === 'authentication-failed' ? [event.detail] : [],
  );
  assert.deepEqual(
    details.map((detail) => /locked/.test(detail)),
    [false, false, true, true],
  );
  const right = await answer(t, port, connect(basic('alice:secret'), 'Connection: close'));
  assert.match(right, /^HTTP\/1\.1 407 /);
});

test('a client is not asked for ever', async (t) => {
  const { port, connect } = await withUsers(t);
  const text = await answer(t, port, connect().repeat(20));
  assert.equal(text.match(/^HTTP\/1\.1 407 /gm)?.length, 5);
});

test('a body is read over to keep the connection, or the connection is closed', async (t) => {
  const { port, echo, event } = await withUsers(t);
  const url = `http://127.0.0.1:${echo}/`;
  const client = await Client.connect(t, port);
  client.send(request(`POST ${url}`, 'Content-Length: 5'), 'hel');
  client.send('lo', request(`POST ${url}`, 'Content-Length: 0'));
  for (let i = 0; i < 2; i++) {
    const { line, fields } = await readMessage(client);
    assert.match(line, / 407 /);
    assert.ok(fields.includes('connection: keep-alive'));
  }
  for (const fields of [
    ['Content-Length: 1000000'],
    ['Transfer-Encoding: chunked'],
    ['Content-Length: 5', 'Expect: 100-continue'],
    ['Connection: close'],
  ]) {
    const text = await answer(t, port, request(`POST ${url}`, ...fields));
    assert.match(text, /^HTTP\/1\.1 407 .*\r\nConnection: close\r\n/s);
  }
  assert.equal((await event('rejected')).reason, 'no-acceptable-method');
  assert.match(await answer(t, port, request(`HEAD ${url}`, 'Connection: close')), /\r\n\r\n$/);
});

test('other schemes, and what is malformed, are no login', async (t) => {
  const { port, connect } = await withUsers(t);
  for (const value of [
    'Digest username="alice"',
    'Basic !',
    'Basic',
    'Bearer x',
    'Basic YWxpY2U=',
  ]) {
    const close = 'Connection: close';
    const text = await answer(t, port, connect(`Proxy-Authorization: ${value}`, close));
    assert.match(text, /^HTTP\/1\.1 407 /, value);
  }
});

test('where nobody has to log in, who does has the rights of the user', async (t) => {
  const { port, connect, events } = await withUsers(t, { anonymous: true });
  for (const [fields, expected] of [
    [[], [undefined, 'none']],
    [[basic('alice:secret')], ['alice', 'basic']],
    [[basic('someone:')], [undefined, 'basic']],
  ] as const) {
    const client = await Client.connect(t, port);
    client.send(connect(...fields));
    assert.equal(await readHead(client), ESTABLISHED);
    const event = events.findLast(({ type }) => type === 'authenticated');
    assert.deepEqual(event?.type === 'authenticated' && [event.user, event.method], expected);
  }
  const wrong = await answer(t, port, connect(basic('alice:wrong'), 'Connection: close'));
  assert.match(wrong, /^HTTP\/1\.1 407 /);
});

test('without users a login that is sent anyway does not matter', async (t) => {
  const echo = await echoServer(t);
  const { port, event } = await startServer(t);
  const client = await Client.connect(t, port);
  client.send(request(`CONNECT 127.0.0.1:${echo}`, basic('alice:secret')));
  assert.equal(await readHead(client), ESTABLISHED);
  const { user, method } = await event('authenticated');
  assert.deepEqual([user, method], [undefined, 'none']);
});

test('no secret is told in an event', async (t) => {
  const { port, connect, events, event } = await withUsers(t);
  await answer(t, port, connect(basic('alice:swordfish'), 'Connection: close'));
  await event('closed');
  const all = events.map((one) => logJson(one)).join('\n');
  assert.doesNotMatch(all, /swordfish|YWxpY2U6c3dvcmRmaXNo/);
});

test('a head that is not whole in time ends the connection', async (t) => {
  const { port, event } = await startServer(t, { handshakeTimeout: 0.2 });
  assert.equal(await answer(t, port, 'GET http://127.0.0.1/ HTTP/1.1\r\nX: '), '');
  assert.equal((await event('closed')).reason, 'handshake-timeout');
});
