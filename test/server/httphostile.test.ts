import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { originServer, readHead, readMessage, request } from '../support/rawhttp.js';
import { startServer } from '../support/server.js';
import { Client } from '../support/sockets.js';

/** What a client that sends this gets, to the end of its connection. */
async function answer(
  t: TestContext,
  port: number,
  ...parts: (string | Buffer)[]
): Promise<string> {
  const client = await Client.connect(t, port);
  client.send(...parts);
  const all = (await client.readAll()).toString('latin1');
  client.socket.end();
  return all;
}

const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

/** Heads of a POST to an origin that two programs could read in two ways. */
const smuggled: [name: string, status: number, fields: string][] = [
  ['both lengths', 400, 'Content-Length: 6\r\nTransfer-Encoding: chunked'],
  ['two lengths', 400, 'Content-Length: 6\r\nContent-Length: 5'],
  ['a length twice in one', 400, 'Content-Length: 6, 5'],
  ['a space before the colon', 400, 'Transfer-Encoding : chunked'],
  ['a coding that is not known', 400, 'Transfer-Encoding: chunked, x'],
  ['a folded coding', 400, 'Transfer-Encoding:\r\n chunked'],
  ['a bare line feed', 400, 'X: y\nTransfer-Encoding: chunked'],
  ['a bare carriage return', 400, 'X: y\rTransfer-Encoding: chunked'],
  ['a NUL', 400, 'X: \0'],
  ['two Hosts', 400, 'Host: a\r\nHost: b'],
  ['a giant field', 431, `X: ${'y'.repeat(40_000)}`],
  ['a giant number of fields', 431, 'X: y\r\n'.repeat(10_000).trim()],
];
for (const [name, status, fields] of smuggled) {
  test(`${name}: refused with ${status}, and nothing is passed on`, async (t) => {
    const origin = await originServer(t);
    const { port, event } = await startServer(t);
    const line = `POST http://127.0.0.1:${origin.port}/ HTTP/1.1`;
    const text = await answer(
      t,
      port,
      `${line}\r\n${fields}\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n`,
    );
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} .*\r\nConnection: close\r\n`, 's'));
    assert.equal(text.match(/^HTTP/gm)?.length, 1);
    assert.equal(origin.count, 0);
    assert.equal((await event('rejected')).reason, 'protocol-error');

    // And so it is behind a request that was served.
    const client = await Client.connect(t, port);
    client.send(request(`GET http://127.0.0.1:${origin.port}/`));
    const remote = await origin.next();
    await readHead(remote);
    remote.send(hello);
    await readMessage(client);
    client.send(`${line}\r\n${fields}\r\n\r\n`);
    assert.match((await readMessage(client)).line, new RegExp(` ${status} `));
    assert.equal((await remote.readAll()).length, 0);
    assert.equal((await client.readAll()).length, 0);
    client.socket.end();
  });
}

const chunks: [name: string, body: string][] = [
  ['no size', 'x\r\n'],
  ['a size beyond numbers', 'ffffffffffffffff\r\n'],
  ['a bare line feed', '1\na\r\n0\r\n\r\n'],
  ['extensions without end', `1;${'x'.repeat(20_000)}`],
  ['a control octet in an extension', '1;\x01\r\n'],
  ['trailers without end', `0\r\nX: ${'x'.repeat(20_000)}`],
  ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
];
for (const [name, body] of chunks) {
  test(`chunks with ${name}: refused with 4xx, and the request is cut off`, async (t) => {
    const origin = await originServer(t);
    const { port, event } = await startServer(t);
    const url = `http://127.0.0.1:${origin.port}/`;
    const client = await Client.connect(t, port);
    client.send(request(`POST ${url}`, 'Transfer-Encoding: chunked'));
    const remote = await origin.next();
    await readHead(remote);
    client.send(body);
    assert.match(String(await client.readAll()), /^HTTP\/1\.1 4(00|31) /);
    client.socket.end();
    assert.doesNotMatch(String(await remote.readAll()), /0\r\n\r\n/);
    assert.equal((await event('closed')).reason, 'protocol-error');
  });
}

test('a giant head of a response is 502', async (t) => {
  const origin = await originServer(t);
  const { port } = await startServer(t);
  const client = await Client.connect(t, port);
  client.send(request(`GET http://127.0.0.1:${origin.port}/`));
  (await origin.next()).send(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}`);
  assert.match((await readMessage(client)).line, / 502 /);
});

test('a response cannot smuggle another one in', async (t) => {
  const origin = await originServer(t);
  const { port } = await startServer(t);
  for (const fields of [
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding : chunked',
    'X: a\nContent-Length: 5',
    'Content-Length: 5\r\nContent-Length: 6',
  ]) {
    const client = await Client.connect(t, port);
    client.send(request(`GET http://127.0.0.1:${origin.port}/`));
    const remote = await origin.next();
    remote.send(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`);
    assert.match((await readMessage(client)).line, / 502 /, fields);
  }
});

test('what a client sends ahead is bounded while it waits', async (t) => {
  const origin = await originServer(t);
  const { port } = await startServer(t);
  const client = await Client.connect(t, port);
  const url = `http://127.0.0.1:${origin.port}/`;
  client.send(request(`GET ${url}`));
  await readHead(await origin.next());
  const chunk = Buffer.alloc(1_000_000, 'GET ');
  let drained = 0;
  const pump = () => {
    while (drained < 100 && client.socket.write(chunk)) drained++;
  };
  client.socket.on('drain', () => {
    drained++;
    pump();
  });
  pump();
  for (let before = -1; before !== client.socket.bytesWritten; ) {
    before = client.socket.bytesWritten;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.ok(drained < 50, `${drained} MB were taken`);
});

test('an octet at a time costs no more than as many at once', async (t) => {
  const { port } = await startServer(t);
  const client = await Client.connect(t, port);
  client.socket.setNoDelay(true);
  const before = process.cpuUsage();
  client.send('GET http://127.0.0.1/ HTTP/1.1\r\n');
  const lines = Buffer.from('a:\r\n'.repeat(7000));
  for (let at = 0; at < lines.length; at += 16) {
    client.send(lines.subarray(at, at + 16));
    if (at % 1024 === 0) await new Promise(setImmediate);
  }
  client.send('a:\r\n'.repeat(3000));
  assert.match(String(await client.readAll()), /^HTTP\/1\.1 431 /);
  client.socket.end();
  const { user } = process.cpuUsage(before);
  assert.ok(user < 3_000_000, `${user} µs`);
});

test('whatever comes, the server answers or closes, and serves the next', async (t) => {
  const { port, server } = await startServer(t, {
    handshakeTimeout: 0.1,
    listeners: { patient: { listen: ['127.0.0.1:0'], handshakeTimeout: 60 } },
  });
  const words = ['GET ', 'POST ', 'CONNECT ', 'http://127.0.0.1:9/', '127.0.0.1:9', ' HTTP/1.1'];
  const more = ['\r\n', '\r\n\r\n', 'Content-Length: 5', 'Transfer-Encoding: chunked', ': ', '\0'];
  const part = fc.oneof(
    fc.constantFrom(...words, ...more).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 20 }).map((octets) => Buffer.from(octets)),
  );
  const property = fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
    const client = await Client.connect(t, port);
    client.send('G', ...parts);
    client.socket.end();
    const text = (await client.readAll()).toString('latin1');
    assert.match(text, /^(HTTP\/1\.1 [2345]\d\d |$)/);
    client.socket.destroy();
  });
  await fc.assert(property, { numRuns: 200 });
  const patient = server.listeners[1]?.addresses[0]?.port ?? 0;
  assert.match(await answer(t, patient, request('GET /')), /^HTTP\/1\.1 400 /);
});
