import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { SocksClient } from 'socks';
import { addressesHere } from '../support/addresses.js';
import { Command } from '../support/command.js';
import { temporaryFile } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, unless, unlessWorks } from '../support/programs.js';
import { echoServer } from '../support/sockets.js';
import { UdpPeer } from '../support/udp.js';
import { HASH_OF_SECRET, passwordFile } from '../support/users.js';

const GET = 'GET / HTTP/1.0\r\n\r\n';

test('ncat, with and without users, half-closing', { skip: unless('ncat') }, async (t) => {
  const { port } = await webServer(t, { '/': 'hello' });
  const open = await new Command(t, ['127.0.0.1:0']).port();
  const users = passwordFile(t, `alice::${HASH_OF_SECRET}`);
  const closed = await new Command(t, ['-a', users, '127.0.0.1:0']).port();
  for (const [proxy, auth] of [
    [open, []],
    [closed, ['--proxy-auth', 'alice:secret']],
  ] as const) {
    const args = ['--proxy', `127.0.0.1:${proxy}`, '--proxy-type', 'socks5', ...auth];
    const input = GET;
    const { stdout } = await run(t, 'ncat', [...args, '127.0.0.1', String(port)], { input });
    assert.match(stdout, /hello$/);
  }
});

const proxychains = 'proxychains4 running curl';
test(proxychains, { skip: unless('proxychains4', 'curl') }, async (t) => {
  const { port } = await webServer(t, { '/': 'hello' });
  const proxy = new Command(t, ['127.0.0.1:0']);
  const proxyPort = await proxy.port();
  const chain = `strict_chain\nproxy_dns\n[ProxyList]\nsocks5 127.0.0.1 ${proxyPort}\n`;
  const file = temporaryFile(t, chain);
  const args = ['-q', '-f', file, 'curl', '-sS', `http://127.0.0.1:${port}/`];
  const { stdout, stderr } = await run(t, 'proxychains4', args);
  assert.equal(stdout, 'hello', stderr);
  await proxy.line(/closed #1 .*destination=127\.0\.0\.1:/);
});

const PYTHON = '/usr/bin/python3';
const pysocks = unless(PYTHON) ?? unlessWorks(PYTHON, ['-c', 'import socks'], 'python3-socks');
test('python3-socks, resolving here and there', { skip: pysocks }, async (t) => {
  const { port } = await webServer(t, { '/': 'hello' }, 'localhost');
  const users = passwordFile(t, `alice::${HASH_OF_SECRET}`);
  const proxy = await new Command(t, ['-a', users, '127.0.0.1:0']).port();
  const script = `
import socks
for remote in (True, False):
    s = socks.socksocket()
    s.set_proxy(socks.SOCKS5, '127.0.0.1', ${proxy}, remote, 'alice', 'secret')
    s.connect(('localhost', ${port}))
    s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
    data = b''
    while chunk := s.recv(4096): data += chunk
    print(data.decode().endswith('hello'))
`;
  const { stdout, stderr } = await run(t, PYTHON, ['-c', script]);
  assert.equal(stdout, 'True\nTrue\n', stderr);
});

const proxyOf = (port: number) => ({ host: '127.0.0.1', port, type: 5 as const });

test('the npm package socks: connect', async (t) => {
  const echo = await echoServer(t, 'localhost');
  const users = passwordFile(t, `alice::${HASH_OF_SECRET}`);
  const port = await new Command(t, ['-a', users, '127.0.0.1:0']).port();
  for (const host of [...(await addressesHere('localhost')), 'localhost']) {
    const { socket } = await SocksClient.createConnection({
      proxy: { ...proxyOf(port), userId: 'alice', password: 'secret' },
      command: 'connect',
      destination: { host, port: echo },
    });
    t.after(() => socket.destroy());
    socket.write('hello');
    const [data] = await new Promise<Buffer[]>((resolve) =>
      socket.once('data', (chunk) => resolve([chunk])),
    );
    assert.equal(String(data), 'hello');
  }
});

test('the npm package socks: bind', async (t) => {
  const port = await new Command(t, ['-B', '127.0.0.1', '127.0.0.1:0']).port();
  const destination = { host: '0.0.0.0', port: 0 };
  const client = new SocksClient({ proxy: proxyOf(port), command: 'bind', destination });
  const bound = new Promise<number>((resolve) =>
    client.once('bound', ({ remoteHost }) => resolve(remoteHost?.port ?? 0)),
  );
  const established = new Promise<Socket>((resolve) =>
    client.once('established', ({ socket }) => resolve(socket)),
  );
  client.connect();
  const peer = connect({ port: await bound, host: '127.0.0.1' });
  t.after(() => peer.destroy());
  const socket = await established;
  t.after(() => socket.destroy());
  peer.end('from the peer');
  let text = '';
  for await (const chunk of socket) text += chunk;
  assert.equal(text, 'from the peer');
});

test('the npm package socks: associate', async (t) => {
  const port = await new Command(t, ['127.0.0.1:0']).port();
  const destination = { host: '0.0.0.0', port: 0 };
  const client = new SocksClient({ proxy: proxyOf(port), command: 'associate', destination });
  const established = new Promise<{ port: number; socket: Socket }>((resolve) =>
    client.once('established', ({ socket, remoteHost }) =>
      resolve({ socket, port: remoteHost?.port ?? 0 }),
    ),
  );
  client.connect();
  const relay = await established;
  t.after(() => relay.socket.destroy());
  const echo = await UdpPeer.echo(t);
  const peer = await UdpPeer.open(t);
  const remoteHost = { host: '127.0.0.1', port: echo.port };
  peer.send(SocksClient.createUDPFrame({ remoteHost, data: Buffer.from('hi') }), relay.port);
  const frame = SocksClient.parseUDPFrame((await peer.receive()).data);
  assert.deepEqual([frame.remoteHost, String(frame.data)], [remoteHost, 'hi']);
});
