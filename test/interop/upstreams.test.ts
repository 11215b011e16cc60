import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sshCommand } from '../bench/ssh.js';
import { tlsFolder } from '../support/certificates.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { sha256 } from '../support/http.js';
import { has, start, unless } from '../support/programs.js';
import { startServer } from '../support/server.js';
import { Client, echoServer, freePort, listening } from '../support/sockets.js';
import { address, assertEcho, domain, greeted, readReply, request } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';

const [BIND, ASSOCIATE] = [2, 3];
const asRoot = userInfo().uid === 0;

/** A server that others wrote, and what goes through it. */
interface Upstream {
  readonly name: string;
  readonly skip?: string | undefined;
  readonly scheme: string;
  /** Name and password, where it wants some. */
  readonly login?: string;
  /** Whether its answer to a CONNECT waits for the destination's. */
  readonly waits?: boolean;
  /** Whether it tells a wrong login from what its rules refuse. */
  readonly tellsLogin?: boolean;
  readonly commands?: readonly ('bind' | 'associate')[];
  start(t: TestContext, port: number): unknown;
}

/** Debian has no package of it. */
const noThreeProxy = has('3proxy') ? undefined : 'not installed: 3proxy';

const login = 'alice:s%3Acret';
const NOBODY = asRoot ? 'nobody' : userInfo().username;

function threeProxy(t: TestContext, service: string): void {
  const lines = ['maxconn 200', 'auth strong', 'users alice:CL:secret', 'allow alice', service];
  start(t, '3proxy', [temporaryFile(t, `${lines.join('\n')}\n`)]);
}

const upstreams: Upstream[] = [
  {
    name: 'microsocks',
    skip: unless('microsocks'),
    scheme: 'socks5',
    start: (t, port) => start(t, 'microsocks', ['-i', '127.0.0.1', '-p', String(port)]),
  },
  {
    name: 'microsocks with a login',
    skip: unless('microsocks'),
    scheme: 'socks5h',
    login,
    start: (t, port) =>
      start(t, 'microsocks', [
        ...['-i', '127.0.0.1', '-p', String(port), '-u', 'alice', '-P', 's:cret'],
      ]),
  },
  {
    name: 'Dante',
    skip: unless('danted'),
    scheme: 'socks5',
    commands: ['bind', 'associate'],
    start(t, port) {
      const config = `
logoutput: /dev/null
internal: 127.0.0.1 port = ${port}
external: 127.0.0.1
clientmethod: none
socksmethod: none
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass {
  from: 0.0.0.0/0 to: 0.0.0.0/0
  command: bind connect udpassociate bindreply udpreply
}
`;
      const pid = join(temporaryDirectory(t), 'pid');
      start(t, 'danted', ['-f', temporaryFile(t, config), '-p', pid]);
    },
  },
  {
    name: '3proxy, SOCKS 5',
    skip: noThreeProxy,
    scheme: 'socks5',
    login: 'alice:secret',
    waits: false,
    tellsLogin: false,
    commands: ['associate'],
    start: (t, port) => threeProxy(t, `socks -p${port} -i127.0.0.1 -e127.0.0.1`),
  },
  {
    name: '3proxy, HTTP',
    skip: noThreeProxy,
    scheme: 'http',
    login: 'alice:secret',
    waits: false,
    start: (t, port) => threeProxy(t, `proxy -p${port} -i127.0.0.1 -e127.0.0.1`),
  },
  {
    name: 'tinyproxy',
    skip: unless('tinyproxy'),
    scheme: 'http',
    login: 'alice:secret',
    start(t, port) {
      const config = [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 60', 'MaxClients 50'];
      const more = ['BasicAuth alice secret', 'LogLevel Error', `User ${NOBODY}`];
      start(t, 'tinyproxy', ['-d', '-c', temporaryFile(t, `${[...config, ...more].join('\n')}\n`)]);
    },
  },
  {
    name: 'squid',
    skip: unless('squid'),
    scheme: 'http',
    start(t, port) {
      const folder = temporaryDirectory(t);
      chmodSync(folder, 0o777);
      const config = [
        ...[`http_port 127.0.0.1:${port}`, 'http_access allow all', 'cache deny all'],
        ...[`pid_filename ${folder}/pid`, 'access_log none', `cache_log ${folder}/log`],
        ...['shutdown_lifetime 0 seconds', 'pinger_enable off', 'netdb_filename none'],
        ...['cache_mem 8 MB', `coredump_dir ${folder}`, 'max_filedescriptors 1024'],
      ];
      start(t, 'squid', ['-N', '-f', temporaryFile(t, `${config.join('\n')}\n`)]);
    },
  },
  {
    name: 'ssh -D',
    skip:
      unless('ssh', 'ssh-keygen', '/usr/sbin/sshd') ??
      (/nologin|false/.test(userInfo().shell ?? '') ? 'this user has no shell' : undefined),
    scheme: 'socks5',
    waits: false,
    start(t, port) {
      if (asRoot) mkdirSync('/run/sshd', { recursive: true });
      const [program = '', ...args] = sshCommand(port, temporaryDirectory(t));
      const child = start(t, program, args, { detached: true });
      t.after(() => {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      });
    },
  },
];

test('through stunnel4 in front of microsocks: SOCKS 5 over TLS', {
  skip: unless('stunnel4', 'microsocks'),
}, async (t) => {
  const { folder, write } = tlsFolder(t, { names: ['127.0.0.1'] });
  const [socks, tls] = [await freePort(t), await freePort(t)];
  start(t, 'microsocks', ['-i', '127.0.0.1', '-p', String(socks)]);
  const lines = [
    ...['foreground = yes', 'pid =', '[socks]', `accept = 127.0.0.1:${tls}`],
    ...[`connect = 127.0.0.1:${socks}`, `cert = ${join(folder, 'cert.pem')}`],
    ...(existsSync(join(folder, 'key.pem')) ? [`key = ${join(folder, 'key.pem')}`] : []),
  ];
  start(t, 'stunnel4', [write('stunnel.conf', `${lines.join('\n')}\n`)]);
  await Promise.all([listening(socks), listening(tls)]);
  const upstreams = {
    up: { url: `socks5+tls://127.0.0.1:${tls}`, tlsCa: join(folder, 'ca.pem') },
  };
  const { port, event } = await startServer(t, { via: ['up'], upstreams });
  const echo = await echoServer(t);
  for (const destination of [domain('localhost', echo), address('127.0.0.1', echo)]) {
    const { client, reply } = await request(t, port, 1, destination);
    assert.equal(reply.reply, 0);
    const data = randomBytes(3_000_000);
    client.send(data);
    assert.equal(sha256(await client.read(data.length)), sha256(data));
    client.socket.destroy();
  }
  assert.equal((await event('closed')).via, 'up');
});

for (const { name, skip, scheme, login: own, ...upstream } of upstreams) {
  const { waits = true, tellsLogin = true, commands = [] } = upstream;
  const through = async (t: TestContext) => {
    const port = await freePort(t);
    upstream.start(t, port);
    await listening(port);
    const url = `${scheme}://${own === undefined ? '' : `${own}@`}127.0.0.1:${port}`;
    return startServer(t, { via: [url], bind: ['127.0.0.1'] });
  };

  test(`through ${name}: a name, an address, and 3 MB both ways`, { skip }, async (t) => {
    const { port, event } = await through(t);
    const echo = await echoServer(t);
    for (const destination of [domain('localhost', echo), address('127.0.0.1', echo)]) {
      const { client, reply } = await request(t, port, 1, destination);
      assert.equal(reply.reply, 0);
      await assertEcho(client);
      const data = randomBytes(3_000_000);
      // Not all of them pass half-close on.
      client.send(data);
      assert.equal(sha256(await client.read(data.length)), sha256(data));
      client.socket.destroy();
    }
    assert.match((await event('closed')).via ?? '', new RegExp(`^${scheme}://127.0.0.1:\\d+$`));
  });

  test(`through ${name}: nobody listens there`, { skip }, async (t) => {
    const { port, event } = await through(t);
    const client = await greeted(t, port);
    client.send(5, 1, 0, address('127.0.0.1', await freePort(t)));
    const { reply } = await readReply(client);
    if (waits) {
      assert.ok(reply > 0, `${reply}`);
      assert.match((await event('rejected')).detail, /answers|failed/);
    } else assert.equal((await client.readAll()).length, 0);
  });

  if (own !== undefined && tellsLogin) {
    test(`through ${name}: a wrong password is ours, not the client's`, { skip }, async (t) => {
      const port = await freePort(t);
      upstream.start(t, port);
      await listening(port);
      const server = await startServer(t, { via: [`${scheme}://alice:wrong@127.0.0.1:${port}`] });
      const { reply } = await request(t, server.port, 1, address('127.0.0.1', 9));
      assert.equal(reply.reply, 1);
      assert.match((await server.event('rejected')).detail, /cannot be used: it refuses our login/);
    });
  }

  if (commands.includes('bind')) {
    test(`through ${name}: BIND`, { skip }, async (t) => {
      const { port } = await through(t);
      const { client, reply } = await request(t, port, BIND, address('127.0.0.1', 0));
      assert.equal(reply.reply, 0);
      const peer = await Client.connect(t, reply.port, reply.host);
      assert.equal((await readReply(client)).port, peer.socket.localPort);
      client.send('ping');
      assert.equal((await peer.read(4)).toString(), 'ping');
      peer.send('pong').socket.end();
      assert.equal((await client.readAll()).toString(), 'pong');
    });
  }

  if (commands.includes('associate')) {
    test(`through ${name}: datagrams`, { skip }, async (t) => {
      const { port } = await through(t);
      const { reply } = await request(t, port, ASSOCIATE, address('0.0.0.0', 0));
      assert.equal(reply.reply, 0);
      const [peer, echo] = [await UdpPeer.open(t), await UdpPeer.echo(t)];
      for (const text of ['one', 'two', 'x'.repeat(1200)]) {
        const whole = Buffer.concat([
          Buffer.alloc(3),
          address('127.0.0.1', echo.port),
          Buffer.from(text),
        ]);
        peer.send(whole, reply.port);
        assert.deepEqual((await peer.receive()).data, whole);
      }
    });
  }
}
