import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerOptions } from 'picosocks5';
import { testOutbound } from 'picosocks5/testing';
import { Command } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { sha256, webServer } from '../support/http.js';
import { run, start } from '../support/programs.js';
import { startServer, type TestServer } from '../support/server.js';
import { Client, echoServer, peerServer, serve } from '../support/sockets.js';
import { address, assertEcho, connected, domain, request } from '../support/socks.js';
import { publicKey, Sshd, sshKey, unlessSshd } from '../support/sshd.js';

const CONNECT = 1;
const skip = unlessSshd();

/** A server whose connections go through an SSH server. */
function through(t: TestContext, sshd: Sshd, more: ServerOptions = {}): Promise<TestServer> {
  const { settings = sshd.settings, via = [sshd.url], ...rest } = more;
  return startServer(t, { via, settings, ...rest });
}

/** A port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

describe('through an SSH server', { skip }, () => {
  test('curl, by a name that is resolved there', { skip: unlessSshd('curl') }, async (t) => {
    const sshd = await Sshd.start(t);
    const { port, event } = await through(t, sshd);
    const { url } = await webServer(t, { '/': 'hello' });
    const named = url.replace('127.0.0.1', 'localhost');
    const args = ['-sS', '--noproxy', '', '-x', `socks5h://127.0.0.1:${port}`, named];
    assert.equal((await run(t, 'curl', args)).stdout, 'hello');
    const { via, destination } = await event('closed');
    assert.deepEqual([via, destination?.host], [`ssh://127.0.0.1:${sshd.port}`, 'localhost']);
  });

  test('it is a way out as one should be', async (t) => {
    const { url, settings } = await Sshd.start(t);
    await testOutbound(t, { server: { via: [url], settings } });
  });

  test('only what a rule sends there goes there', async (t) => {
    const sshd = await Sshd.start(t);
    const { port } = await through(t, sshd, { via: [`localhost=${sshd.url}`] });
    const echo = await echoServer(t);
    await assertEcho(await connected(t, port, echo));
    assert.equal(sshd.logins, 0);
    const { client } = await request(t, port, CONNECT, domain('localhost', echo));
    await assertEcho(client);
    assert.equal(sshd.logins, 1);
  });

  test('two hundred share one connection; it is made anew after a kill -9', async (t) => {
    const sshd = await Sshd.start(t);
    const { port, server, event } = await through(t, sshd);
    const echo = await echoServer(t);
    const connectAll = () =>
      Promise.all(Array.from({ length: 200 }, () => connected(t, port, echo)));
    const clients = await connectAll();
    await Promise.all(clients.map((client, i) => assertEcho(client, `client ${i}`)));
    assert.equal(sshd.logins, 1);
    sshd.kill();
    await Promise.all(clients.map((client) => client.closed()));
    // What was cut off does not look like an end.
    assert.deepEqual(new Set(clients.map(({ error }) => error?.code)), new Set(['ECONNRESET']));
    const { message } = await event('warning', (one) => one.message.includes('lost'));
    assert.match(message, /^ssh: lost the connection to .*; 200 connections end with it$/);
    await sshd.begin();
    const again = await connectAll();
    await Promise.all(again.map((client, i) => assertEcho(client, `client ${i}`)));
    assert.equal(sshd.logins, 2);
    for (const client of again) client.socket.end();
    await Promise.all(again.map((client) => client.readAll()));
    assert.equal(server.connections().length, 0);
  });

  test('each side ends by itself, and an end is no loss', async (t) => {
    const sshd = await Sshd.start(t);
    const { port } = await through(t, sshd);
    const far = await serve(t, async (socket) => {
      const text = await Client.of(socket).readAll();
      socket.end(`got ${text}`);
    });
    const client = await connected(t, port, far);
    client.send('all').socket.end();
    assert.equal((await client.readAll()).toString(), 'got all');

    const { port: other, peer } = await peerServer(t);
    const second = await connected(t, port, other);
    const remote = await peer;
    remote.send('bye').socket.end();
    assert.equal((await second.readAll()).toString(), 'bye');
    second.send('still here').socket.end();
    assert.equal((await remote.readAll()).toString(), 'still here');
  });

  test('much data both ways, whole, and no more of it than somebody reads', async (t) => {
    const sshd = await Sshd.start(t);
    const { port } = await through(t, sshd);
    const client = await connected(t, port, await echoServer(t));
    const data = randomBytes(5_000_000);
    client.send(data);
    assert.equal(sha256(await client.read(data.length)), sha256(data));

    const { port: source, peer } = await peerServer(t);
    const slow = await connected(t, port, source);
    slow.socket.pause();
    const { socket } = await peer;
    // Until nothing is taken any more: the buffers on the way are full.
    let sent = 0;
    const chunk = Buffer.alloc(1_000_000);
    const isStuck = () =>
      new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), 500);
        socket.write(chunk, () => {
          clearTimeout(timer);
          resolve(false);
        });
      });
    while (!(await isStuck())) {
      sent += chunk.length;
      assert.ok(sent < 100_000_000, 'nothing holds the sender back');
    }
    await assertEcho(client);
    slow.socket.resume();
    socket.end();
    assert.equal((await slow.readAll()).length, sent + chunk.length);
  });

  test('who leaves is gone on the other side, too, at once', async (t) => {
    const sshd = await Sshd.start(t);
    const { port } = await through(t, sshd);
    const { port: far, peer } = await peerServer(t);
    const client = await connected(t, port, far);
    const remote = await peer;
    client.socket.resetAndDestroy();
    await remote.readAll();
    await assertEcho(await connected(t, port, await echoServer(t)));
    assert.equal(sshd.logins, 1);
  });

  test('what the server says is what the client is told', async (t) => {
    const sshd = await Sshd.start(t);
    const { port, event } = await through(t, sshd);
    const ask = async (destination: Uint8Array) =>
      (await request(t, port, CONNECT, destination)).reply.reply;
    assert.equal(await ask(address('127.0.0.1', await closedPort())), 5);
    const refused = await event('rejected');
    assert.equal(
      refused.detail,
      `upstream ssh://127.0.0.1:${sshd.port} answers: it cannot connect: Connection refused`,
    );
    assert.equal(await ask(domain('nowhere.invalid', 80)), 4);
    const [, bind] = await Promise.all([
      assertEcho(await connected(t, port, await echoServer(t))),
      request(t, port, 2, address('127.0.0.1', 80)),
    ]);
    assert.equal(bind.reply.reply, 7);
  });

  test('AllowTcpForwarding no: not allowed, and no other way is tried', async (t) => {
    const sshd = await Sshd.start(t, ['AllowTcpForwarding no']);
    const { port, event } = await through(t, sshd, { via: [`${sshd.url}|direct`] });
    const echo = await echoServer(t);
    const { reply } = await request(t, port, CONNECT, address('127.0.0.1', echo));
    assert.equal(reply.reply, 2);
    assert.match(
      (await event('rejected')).detail,
      /it does not allow that: .*prohibited|it does not allow that/,
    );
  });

  test('a server that is not there: the next way, and one warning', async (t) => {
    const sshd = await Sshd.start(t);
    sshd.kill();
    const { port, events } = await through(t, sshd, { via: [`${sshd.url}|direct`] });
    const echo = await echoServer(t);
    await assertEcho(await connected(t, port, echo));
    await assertEcho(await connected(t, port, echo));
    const warnings = events.flatMap((one) => (one.type === 'warning' ? [one.message] : []));
    const told = warnings.filter((message) => message.startsWith('upstream'));
    assert.deepEqual(told, [
      `upstream ssh://127.0.0.1:${sshd.port} cannot be used: connection refused`,
    ]);
  });

  test('a client that gives up does not spoil it for those who wait with it', async (t) => {
    // Whose answer comes when the test says so.
    const sshd = await Sshd.start(t);
    let pass = () => {};
    const held = new Promise<void>((resolve) => {
      pass = resolve;
    });
    const gate = await serve(t, async (socket) => {
      await held;
      socket.pipe(connect(sshd.port, '127.0.0.1')).pipe(socket);
    });
    appendFileSync(sshd.known, `[127.0.0.1]:${gate} ${publicKey(sshd.hostKey)}\n`);
    const { port, event } = await through(t, sshd, {
      via: [`ssh://${sshd.user}@127.0.0.1:${gate}`],
    });
    const echo = await echoServer(t);
    const first = await Client.connect(t, port);
    first.send(5, 1, 0, 5, 1, 0, address('127.0.0.1', echo));
    await event('request');
    const second = connected(t, port, echo);
    await event('request', ({ id }) => id === 2);
    await first.reset();
    await event('closed', ({ id }) => id === 1);
    pass();
    await assertEcho(await second);
    assert.equal(sshd.logins, 1);
  });

  test('a reload with other settings leaves alone what is open', async (t) => {
    const sshd = await Sshd.start(t);
    const options = { listen: ['127.0.0.1:0'], via: [sshd.url] };
    const { port, server } = await startServer(t, { ...options, settings: sshd.settings });
    const echo = await echoServer(t);
    const client = await connected(t, port, echo);
    await server.reload({ ...options, settings: { ...sshd.settings, 'ssh.keepAlive': 60 } });
    await assertEcho(client);
    await assertEcho(await connected(t, port, echo));
    assert.equal(sshd.logins, 2);
    client.socket.end();
    assert.equal((await client.readAll()).length, 0);
  });

  test('with workers each process has a connection of its own', async (t) => {
    const sshd = await Sshd.start(t);
    const set = Object.entries(sshd.settings).flatMap(([key, [value]]) => [
      '--set',
      `${key}=${value}`,
    ]);
    const command = new Command(t, ['--workers', '2', '--via', sshd.url, ...set, '127.0.0.1:0']);
    const port = await command.port();
    const echo = await echoServer(t);
    const clients = await Promise.all(Array.from({ length: 20 }, () => connected(t, port, echo)));
    await Promise.all(clients.map((client, i) => assertEcho(client, `client ${i}`)));
    assert.ok(sshd.logins >= 1 && sshd.logins <= 2, sshd.log);
  });
});

describe('who an SSH server is', { skip }, () => {
  /** What a client is told, and the log says, by what stands in the file of known hosts. */
  async function refused(t: TestContext, sshd: Sshd, known: string): Promise<string> {
    writeFileSync(sshd.known, known);
    const { port, event } = await through(t, sshd);
    const echo = await echoServer(t);
    const { reply } = await request(t, port, CONNECT, address('127.0.0.1', echo));
    assert.equal(reply.reply, 1);
    assert.equal(sshd.logins, 0);
    return (await event('rejected')).detail.replace(/^upstream \S+ cannot be used: /, '');
  }

  test('a key that is not known is refused, and how to add it is said', async (t) => {
    const sshd = await Sshd.start(t);
    const name = `[127.0.0.1]:${sshd.port}`;
    const { stdout } = await run(t, 'ssh-keygen', ['-l', '-f', `${sshd.hostKey}.pub`]);
    const [, fingerprint = ''] = stdout.split(' ');
    assert.equal(
      await refused(t, sshd, '# nothing\n'),
      `its host key ssh-ed25519 ${fingerprint} of ${name} is not known: it is not in ` +
        `${sshd.known}; once it is verified, add it with: ssh-keyscan -t ed25519 -p ${sshd.port} ` +
        `127.0.0.1 >> ${sshd.known}`,
    );
  });

  test('a key that has changed is refused, with the line of the other', async (t) => {
    const sshd = await Sshd.start(t);
    const other = await sshKey(t, sshd.folder, 'other');
    const name = `[127.0.0.1]:${sshd.port}`;
    const lines = `# who we know\n\n${name} ${publicKey(other)}\n`;
    const told = await refused(t, sshd, lines);
    assert.match(told, /^its host key has changed, or somebody is in between: /);
    assert.ok(told.includes(`${sshd.known}:3 has another`), told);
    assert.ok(told.endsWith(`ssh-keygen -R '${name}'`), told);
  });

  test('a key that is revoked is refused, also where it is known', async (t) => {
    const sshd = await Sshd.start(t);
    const key = publicKey(sshd.hostKey);
    const lines = `[127.0.0.1]:${sshd.port} ${key}\n@revoked * ${key}\n`;
    assert.match(await refused(t, sshd, lines), /is revoked by \S+known:2$/);
  });

  test('one is asked for the type of key that is known, hashed or not', async (t) => {
    const folder = temporaryDirectory(t);
    const rsa = await sshKey(t, folder, 'rsa', { type: 'rsa' });
    const sshd = await Sshd.start(t, [`HostKey ${rsa}`]);
    writeFileSync(sshd.known, `[127.0.0.1]:${sshd.port} ${publicKey(rsa)}\n`);
    await run(t, 'ssh-keygen', ['-q', '-H', '-f', sshd.known]);
    assert.match(readFileSync(sshd.known, 'utf8'), /^\|1\|/);
    const { port } = await through(t, sshd);
    await assertEcho(await connected(t, port, await echoServer(t)));
  });
});

describe('who one is at an SSH server', { skip }, () => {
  test('a wrong key is refused with a sentence, and nothing is hammered', async (t) => {
    const sshd = await Sshd.start(t);
    const other = await sshKey(t, sshd.folder, 'other');
    const { port, event } = await through(t, sshd, {
      settings: { ...sshd.settings, 'ssh.identityFile': [other] },
    });
    const destination = address('127.0.0.1', 9);
    const asked = () =>
      sshd.log.match(/(closed by|reset by|from) authenticating user/g)?.length ?? 0;
    const begun = performance.now();
    for (let i = 0; i < 5; i++) {
      assert.equal((await request(t, port, CONNECT, destination)).reply.reply, 1);
    }
    // It is left alone for a second after the first time.
    const allowed = 1 + Math.floor((performance.now() - begun) / 1000);
    const { detail } = await event('rejected');
    assert.ok(detail.includes(`it does not let ${sshd.user} in with the key "${other}"`), detail);
    assert.match(detail, /; it wants publickey/);
    while (asked() === 0) await sleep(20);
    assert.ok(asked() <= allowed, sshd.log);
  });

  test('a key with a passphrase: the secret opens it, and stands nowhere', async (t) => {
    const sshd = await Sshd.start(t);
    const locked = await sshKey(t, sshd.folder, 'locked', { passphrase: 'open-sesame' });
    writeFileSync(`${sshd.key}.pub`, readFileSync(`${locked}.pub`));
    const args = (identity: string) => [
      ...['-v', 'debug', '--via', sshd.url, '--set', `ssh.identityFile=${identity}`],
      ...['--set', `ssh.knownHosts=${sshd.known}`, '127.0.0.1:0'],
    ];
    const secret = (value: string) => ({ PICOSOCKS5_SECRET_SSH_PASSPHRASE: value });
    const command = new Command(t, args(locked), secret('open-sesame'));
    const echo = await echoServer(t);
    await assertEcho(await connected(t, await command.port(), echo));
    assert.doesNotMatch(command.lines.join('\n'), /open-sesame/);

    const without = await run(t, process.execPath, [
      ...command.child.spawnargs.slice(1, 2),
      ...args(locked),
    ]);
    assert.equal(without.status, 1);
    assert.match(
      without.stderr,
      /"\S+locked" has a passphrase; expected it as the secret ssh\.passphrase/,
    );
    const wrong = new Command(t, args(locked), secret('close-sesame'));
    await wrong.line(/the secret ssh\.passphrase is not the passphrase of "\S+locked"/);
    assert.doesNotMatch(wrong.lines.join('\n'), /close-sesame/);
    const missing = new Command(t, args(join(sshd.folder, 'gone')));
    await missing.line(/cannot read the key "\S+gone": ENOENT: no such file or directory/);
    const mistaken = new Command(t, args(`${sshd.key}.pub`));
    await mistaken.line(/"\S+key\.pub" is a public key; expected the private one/);
  });

  test('a key that others can read is named in a warning', async (t) => {
    const sshd = await Sshd.start(t);
    chmodSync(sshd.key, 0o644);
    const { event } = await through(t, sshd);
    const { message } = await event('warning', (one) => one.message.startsWith('ssh: '));
    assert.match(message, /^ssh: "\S+key" can be read by others \(mode 644\); .*chmod 600/);
  });

  test('the keys of an agent', { skip: unlessSshd('ssh-agent', 'ssh-add') }, async (t) => {
    const sshd = await Sshd.start(t);
    const socket = join(temporaryDirectory(t), 'agent');
    const agent = start(t, 'ssh-agent', ['-D', '-a', socket], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (agent.stdout !== null) await once(agent.stdout, 'data');
    const env = { ...process.env, SSH_AUTH_SOCK: socket };
    const { status } = await run(t, 'ssh-add', ['-q', sshd.key], { env });
    assert.equal(status, 0);
    const options = ['--via', sshd.url, '--set', `ssh.knownHosts=${sshd.known}`, '127.0.0.1:0'];
    const home = { HOME: sshd.folder };
    const command = new Command(t, options, { SSH_AUTH_SOCK: socket, ...home });
    await assertEcho(await connected(t, await command.port(), await echoServer(t)));
    const alone = new Command(t, options, { SSH_AUTH_SOCK: '', ...home });
    await request(t, await alone.port(), CONNECT, address('127.0.0.1', 9));
    await alone.line(/there is nothing to log in as \S+ with; it wants publickey/);
  });
});
