import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkServerOptions, createServer, type ServerOptions } from 'picosocks5';
import { startServer } from '../support/server.js';
import { bytes, Client, freePort, serve } from '../support/sockets.js';
import { address, request } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

test('an event says for machines what a client got wrong', async (t) => {
  const withUsers = { auth: [passwordFile(t, `alice::${plainSecret('secret')}`)] };
  const http = bytes('GET / HTTP/1.1\r\n\r\n');
  const socks4 = bytes(4, 1, 0, 80, 127, 0, 0, 1, 0);
  const cases: readonly (readonly [ServerOptions, Buffer, object])[] = [
    [{}, bytes(0x16, 3, 1), { code: 'not-socks', octet: 0x16 }],
    [{}, http, { code: 'http-origin' }],
    [{ http: false }, http, { code: 'http-off' }],
    [{}, bytes(5, 2, 1, 0x80), { code: 'no-common-method', offered: [1, 0x80] }],
    [{ socks4: false }, socks4, { code: 'socks4-off' }],
    [withUsers, socks4, { code: 'socks4-login' }],
  ];
  for (const [options, octets, diagnosis] of cases) {
    const { port, event } = await startServer(t, options);
    const client = await Client.connect(t, port);
    client.send(octets);
    await client.readAll();
    assert.deepEqual((await event('rejected')).diagnosis, diagnosis);
  }
});

test('what is nobody’s mistake has no diagnosis', async (t) => {
  const { port, event } = await startServer(t);
  await request(t, port, 1, address('127.0.0.1', await freePort(t)));
  assert.equal('diagnosis' in (await event('rejected')), false);
});

test('errors say for machines what is wrong, and with what', async (t) => {
  const taken = await serve(t, () => {});
  const listen = async (listen: string) => {
    const server = createServer({ listen: [listen] });
    t.after(() => server.close());
    await server.listen();
  };
  const subject = `127.0.0.1:${taken}`;
  await assert.rejects(listen(subject), { name: 'UserError', code: 'address-in-use', subject });
  await assert.rejects(listen('192.0.2.77:1080'), {
    message: /192\.0\.2\.77:1080/,
    code: 'open-proxy',
    subject: '192.0.2.77:1080',
  });
  assert.throws(() => checkServerOptions({ timeout: -1 }), {
    message: /^timeout: expected/,
    problem: /^expected/,
    code: 'invalid-option',
    option: 'timeout',
  });
  assert.throws(() => checkServerOptions({ request: ['fly:*'] }), {
    code: 'invalid-option',
    option: 'request',
  });
});
