import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { UserError } from '#core/base/errors.js';
import { createHttpServer, type Route } from '#core/control/http.js';
import { type Asking, askControl } from '../../../support/control.js';
import { freePort } from '../../../support/sockets.js';

const TOKEN = '0123456789abcdef0123456789abcdef';
const bearer = { authorization: `Bearer ${TOKEN}` };

const routes: readonly Route[] = [
  { method: 'GET', path: '/open', isOpen: true, answer: () => ({ body: { open: true } }) },
  {
    method: 'GET',
    path: '/v1/things',
    query: {
      limit: { type: 'integer', minimum: 1, maximum: 10 },
      all: { type: 'boolean' },
      kind: { type: 'string', enum: ['a', 'b'] },
    },
    answer: ({ query }) => ({ body: query }),
  },
  {
    method: 'POST',
    path: '/v1/things/{id}',
    body: { name: { type: 'string', required: true }, list: { type: 'array' } },
    answer: ({ id, body }) => ({ body: { id, body } }),
  },
  {
    method: 'PUT',
    path: '/v1/refuse',
    body: {},
    answer() {
      throw new UserError('it cannot be');
    },
  },
];

async function started(t: TestContext) {
  const port = await freePort(t);
  const server = createHttpServer(routes, { token: TOKEN, address: { host: '127.0.0.1', port } });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const ask = async (method: string, path: string, asking: Asking = {}) => {
    const headers = { ...bearer, ...asking.headers };
    const { status, body } = await askControl(method, path, { port, ...asking, headers });
    const { error } = body as { error?: { code: string; message: string } };
    return { status, body, code: error?.code, message: error?.message ?? '' };
  };
  return { port, server, ask };
}

test('whoever has no token, or another one, is not answered', async (t) => {
  const { ask } = await started(t);
  const tries = ['', 'Bearer', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`];
  for (const authorization of tries) {
    const { status, code } = await ask('GET', '/v1/things', { headers: { authorization } });
    assert.deepEqual([status, code], [401, 'no-token'], authorization);
    // What there is is not told either.
    const elsewhere = await ask('GET', '/v1/nowhere', { headers: { authorization } });
    assert.equal(elsewhere.status, 401);
  }
  assert.equal((await ask('GET', '/v1/things')).status, 200);
  assert.equal((await ask('GET', '/open', { headers: { authorization: '' } })).status, 200);
});

test('a name that was made to lead here, and a page of another site, are turned away', async (t) => {
  const { ask, port } = await started(t);
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', '127.0.0.1:1']) {
    const { status, code } = await ask('GET', '/open', { headers: { host } });
    assert.deepEqual([status, code], [421, 'wrong-host'], host);
  }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`]) {
    assert.equal((await ask('GET', '/v1/things', { headers: { host } })).status, 200, host);
  }
  const page = await ask('GET', '/open', { headers: { origin: 'http://evil.example' } });
  assert.deepEqual([page.status, page.code], [403, 'browser']);
});

test('what is asked is checked', async (t) => {
  const { ask } = await started(t);
  const good = await ask('GET', '/v1/things?limit=10&all=true&kind=a');
  assert.deepEqual(good.body, { limit: 10, all: true, kind: 'a' });
  const wrong = {
    'limit=0': /limit: expected a whole number from 1 to 10/,
    'limit=1e1': /limit: expected/,
    'limit=11': /limit: expected/,
    'all=yes': /all: expected true or false/,
    'kind=c': /kind: expected a, b/,
    'limit=1&limit=2': /limit is there twice/,
    'toString=1': /there is no parameter "toString"; expected limit, all, kind/,
    '__proto__=1': /there is no parameter "__proto__"/,
  };
  for (const [query, expected] of Object.entries(wrong)) {
    const { status, message } = await ask('GET', `/v1/things?${query}`);
    assert.equal(status, 400, query);
    assert.match(message, expected);
  }
  const posted = await ask('POST', '/v1/things/a%2Fb', { body: { name: 'n', list: ['x'] } });
  assert.deepEqual(posted.body, { id: 'a/b', body: { name: 'n', list: ['x'] } });
  const bodies: [unknown, RegExp][] = [
    [{}, /name is missing; expected a text of 1 to 1024 characters/],
    [{ name: 1 }, /name: expected a text/],
    [{ name: 'x'.repeat(1025) }, /name: expected a text/],
    [{ name: 'n', list: [1] }, /list: expected a list of up to 64 texts/],
    [{ name: 'n', list: Array(65).fill('x') }, /list: expected/],
    [{ name: 'n', more: 1 }, /there is no parameter "more"; expected name, list/],
    [[], /expected a JSON object/],
    [null, /expected a JSON object/],
  ];
  for (const [body, expected] of bodies) {
    const { status, message } = await ask('POST', '/v1/things/1', { body });
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(message, expected);
  }
  const raw = { raw: '{', headers: { 'content-type': 'application/json' } };
  assert.match((await ask('POST', '/v1/things/1', raw)).message, /the body is no JSON/);
  const form = { raw: 'name=n', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  assert.equal((await ask('POST', '/v1/things/1', form)).status, 415);
});

test('errors have a status, a code and a sentence', async (t) => {
  const { ask, port } = await started(t);
  const of = async (method: string, path: string) => {
    const { status, code } = await ask(method, path);
    return [status, code];
  };
  assert.deepEqual(await of('GET', '/v1/thing'), [404, 'not-found']);
  assert.deepEqual(await of('GET', '/v1/things/'), [404, 'not-found']);
  assert.deepEqual(await of('POST', '/v1/things/a/b'), [404, 'not-found']);
  assert.deepEqual(await of('DELETE', '/v1/things'), [405, 'wrong-method']);
  const refused = await ask('PUT', '/v1/refuse');
  assert.deepEqual([refused.status, refused.message], [422, 'it cannot be']);
  const { headers } = await askControl('DELETE', '/v1/things', { port, headers: bearer });
  assert.equal(headers.allow, 'GET');
  assert.equal(headers['cache-control'], 'no-store');
});

test('a body that is too long is not read', async (t) => {
  const { port, ask } = await started(t);
  const long = Buffer.alloc(64 * 1024 + 1, ' ');
  const json = { 'content-type': 'application/json' };
  assert.equal((await ask('POST', '/v1/things/1', { raw: long, headers: json })).status, 413);
  // One whose length is not told, and that goes on.
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  t.after(() => socket.destroy());
  const head = `POST /v1/things/1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
  const type = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n';
  socket.write(`${head}${type}Authorization: Bearer ${TOKEN}\r\n\r\n`);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text) => {
    answer += text;
  });
  const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
  const closed = once(socket, 'close');
  for (let i = 0; i < 5; i++) socket.write(chunk);
  await closed;
  assert.match(answer, /^HTTP\/1\.1 413 /);
});
