import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer } from 'picosocks5';
import { startServer } from '../support/server.js';
import { bytes, freePort, serve } from '../support/sockets.js';
import { scripted, takeHead, takeRequest } from '../support/upstreams.js';

/** The answer of SOCKS 5 that the destination refuses connections. */
const REFUSED = bytes(5, 5, 0, 1, 0, 0, 0, 0, 0, 0);

const at = (port: number) => ({ url: `socks5://127.0.0.1:${port}` });

test('an upstream that answers works, whatever it answers', async (t) => {
  const granting = await scripted(t, async (client) => {
    await takeRequest(client);
    client.send(5, 0, 0, 1, 127, 0, 0, 1, 0, 1);
    await client.readAll();
  });
  const refusing = await scripted(t, async (client) => {
    assert.deepEqual(await takeRequest(client), bytes(5, 1, 0, 1, 127, 0, 0, 1, 0, 1));
    client.send(REFUSED);
  });
  const web = await scripted(t, async (client) => {
    assert.match(await takeHead(client), /^CONNECT 127\.0\.0\.1:1 HTTP\/1\.1\r\n/);
    client.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  });
  const upstreams = {
    granting: at(granting.port),
    refusing: at(refusing.port),
    web: { url: `http://127.0.0.1:${web.port}` },
  };
  const server = createServer({ via: Object.keys(upstreams), upstreams });
  for (const name of Object.keys(upstreams)) {
    const time = await server.probe(name);
    assert.ok(time > 0 && time < 10_000, `${name}: ${time}`);
  }
});

test('why one does not work is one sentence, without its password', async (t) => {
  const closing = await serve(t, (socket) => socket.end());
  const babbling = await serve(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const strict = await scripted(t, async (client) => {
    await client.read(2);
    client.send(5, 0xff);
  });
  const wrong = await scripted(t, async (client) => {
    await client.read(4);
    client.send(5, 2);
    await client.read(2 + 'alice'.length + 1 + 'geheim'.length);
    client.send(1, 1);
  });
  const upstreams = {
    nobody: at(await freePort(t)),
    closing: at(closing),
    babbling: at(babbling),
    strict: at(strict.port),
    wrong: { ...at(wrong.port), user: 'alice', password: 'geheim' },
  };
  const server = createServer({ upstreams, via: Object.keys(upstreams) });
  for (const [name, problem] of [
    ['nobody', /^upstream nobody cannot be used: connection refused$/],
    ['closing', /^upstream closing /],
    ['babbling', /^upstream babbling /],
    ['strict', /^upstream strict cannot be used: /],
    ['wrong', /^upstream wrong cannot be used: /],
  ] as const) {
    await assert.rejects(server.probe(name), (error: Error) => {
      assert.equal(error.name, 'UserError');
      assert.match(error.message, problem);
      assert.doesNotMatch(error.message, /geheim/);
      return true;
    });
  }
  await assert.rejects(server.probe('other'), /there is no upstream "other"/);
});

test('one that rules lead to nowhere is tried by a server that runs, through others', async (t) => {
  const first = await startServer(t);
  const second = await startServer(t);
  const upstreams = {
    first: at(first.port),
    second: { ...at(second.port), through: 'first' },
  };
  const { server } = await startServer(t, { upstreams, via: ['10.0.0.0/8=second'] });
  await server.probe('second');
  const { destination } = await first.event('request');
  assert.deepEqual(destination, { host: '127.0.0.1', port: second.port });
  assert.equal((await second.event('rejected')).reason, 'unreachable');
});
