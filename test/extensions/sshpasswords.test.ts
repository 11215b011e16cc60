import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import ssh2 from 'ssh2';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { startServer } from '../support/server.js';
import { echoServer } from '../support/sockets.js';
import { address, assertEcho, connected, request } from '../support/socks.js';

/** What a client of the SSH server below has said. */
interface Said {
  readonly method: string;
  readonly user: string;
  readonly password?: string;
}

/**
 * An SSH server in this process that lets alice in with the password `s3cret`, by one method, and
 * a file of known hosts that has its key.
 */
async function sshServer(t: TestContext, method: 'password' | 'keyboard-interactive') {
  const { private: hostKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519');
  const said: Said[] = [];
  const clients = new Set<ssh2.Connection>();
  const isRight = ({ user, password }: Said) => user === 'alice' && password === 's3cret';
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    clients.add(client);
    client.on('error', () => {});
    client.on('authentication', (context) => {
      const { username: user } = context;
      const answer = (password: string) => {
        const one = { method: context.method, user, password };
        said.push(one);
        if (isRight(one)) context.accept();
        else context.reject([method]);
      };
      if (context.method !== method) {
        said.push({ method: context.method, user });
        context.reject([method]);
      } else if (context.method === 'password') answer(context.password);
      else if (context.method === 'keyboard-interactive') {
        context.prompt([{ prompt: 'Password: ', echo: false }], ([given = '']) => answer(given));
      }
    });
    client.on('tcpip', (accept, _reject, { destIP, destPort }) => {
      const channel = accept();
      const socket = connect(destPort, destIP);
      socket.on('error', () => {});
      socket.pipe(channel).pipe(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    server.close();
    for (const client of clients) client.end();
  });
  const known = join(temporaryDirectory(t), 'known');
  writeFileSync(known, `[127.0.0.1]:${port} ${publicKey}\n`);
  return { port, said, known, clients };
}

for (const method of ['password', 'keyboard-interactive'] as const) {
  test(`a password, by ${method}: of the URL, of its section, or the secret`, async (t) => {
    const { port, said, known } = await sshServer(t, method);
    const file = temporaryFile(t, 's3cret\n');
    const key = temporaryFile(t, ssh2.utils.generateKeyPairSync('ed25519').private);
    const settings = { 'ssh.knownHosts': [known], 'ssh.identityFile': [key] };
    const echo = await echoServer(t);
    const ways = [
      { via: [`ssh://alice:s3cret@127.0.0.1:${port}`] },
      {
        via: ['up'],
        upstreams: { up: { url: `ssh://127.0.0.1:${port}`, user: 'alice', passwordFile: file } },
      },
      {
        via: [`ssh://alice@127.0.0.1:${port}`],
        settings: { ...settings, 'ssh.password-file': file },
      },
    ];
    for (const way of ways) {
      const proxy = await startServer(t, { settings, ...way });
      await assertEcho(await connected(t, proxy.port, echo));
    }
    // A key that it does not want is not offered.
    assert.deepEqual(
      said.map((one) => one.method),
      ['none', method, 'none', method, 'none', method],
    );
  });
}

test('a wrong password is told without it', async (t) => {
  const { port, known } = await sshServer(t, 'password');
  const args = [
    ...['-v', 'debug', '--via', `ssh://alice:mistaken@127.0.0.1:${port}`],
    ...['--set', `ssh.knownHosts=${known}`, '127.0.0.1:0'],
  ];
  const command = new Command(t, args);
  const { reply } = await request(t, await command.port(), 1, address('127.0.0.1', 9));
  assert.equal(reply.reply, 1);
  await command.line(/it does not let alice in with a password; it wants password/);
  assert.doesNotMatch(command.lines.join('\n'), /mistaken/);
});

test('a server that says nothing any more is given up, and what it carried is reset', async (t) => {
  const { port, known, clients } = await sshServer(t, 'password');
  const proxy = await startServer(t, {
    via: [`ssh://alice:s3cret@127.0.0.1:${port}`],
    settings: { 'ssh.knownHosts': [known], 'ssh.keepAlive': 0.1 },
  });
  const echo = await echoServer(t);
  const client = await connected(t, proxy.port, echo);
  await assertEcho(client);
  const [session] = clients;
  const { _sock: socket } = session as unknown as { _sock: Socket };
  // What reads nothing does not see its end, either: it would keep this process for a minute.
  t.after(() => socket.destroy());
  socket.pause();
  await client.closed();
  assert.equal(client.error?.code, 'ECONNRESET');
  const lost = await proxy.event('warning', ({ message }) => message.includes('lost'));
  assert.match(lost.message, /Keepalive timeout; 1 connection ends with it$/);
  await assertEcho(await connected(t, proxy.port, echo));
});

test('a connection that nobody uses ends', async (t) => {
  const { port, known, clients } = await sshServer(t, 'password');
  const proxy = await startServer(t, {
    via: [`ssh://alice:s3cret@127.0.0.1:${port}`],
    settings: { 'ssh.knownHosts': [known], 'ssh.idleTimeout': 0.1 },
  });
  const client = await connected(t, proxy.port, await echoServer(t));
  const [session] = clients;
  assert.ok(session !== undefined);
  const closed = once(session, 'close');
  client.socket.end();
  await client.readAll();
  await closed;
  await proxy.event('info', ({ message }) => message.includes('is not needed any more'));
});
