import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { LinkState, RemoteSettings } from '#main/ipc/contract.js';
import { RemoteServer, type ShownState } from '#main/servers/remoteserver.js';
import { certificate } from '../../../support/certificates.js';
import { Command } from '../../../support/command.js';
import { startControlled } from '../../../support/control.js';
import { temporaryDirectory, temporaryFile } from '../../../support/files.js';
import { echoServer, freePort } from '../../../support/sockets.js';
import { assertEcho, connected, login } from '../../../support/socks.js';
import { publicKey, Sshd, sshKey, unlessSshLogin } from '../../../support/sshd.js';
import { passwordFile, plainSecret } from '../../../support/users.js';

const TOKEN = '0123456789abcdef';
const BASE: RemoteSettings = {
  ...{ name: 'far', way: 'tls', host: '127.0.0.1', port: 1, user: '', control: '' },
  ...{ fingerprint: '', ca: '' },
};

function remoteOf(t: TestContext, settings: Partial<RemoteSettings>, token?: string) {
  const fast = { period: 50, firstRetry: 20 };
  const remote = new RemoteServer({ ...BASE, ...settings }, { ...fast, token: async () => token });
  t.after(() => remote.disconnect());
  return remote;
}

/** Waits until there is a link, or none. */
async function until(remote: RemoteServer, ...wanted: LinkState[]): Promise<void> {
  while (!wanted.includes(remote.state.link)) await once(remote, 'state');
}

/** Waits until the window is told something of a kind. */
async function told(remote: RemoteServer, is: (shown: ShownState) => unknown): Promise<ShownState> {
  while (!is(remote.shown)) {
    assert.notEqual(remote.state.link, 'failed', remote.state.problem);
    await once(remote, 'shown');
  }
  return remote.shown;
}

/** A server that is asked by TLS at a port. */
async function startTls(t: TestContext, port: number) {
  const { cert, key } = certificate({ names: ['127.0.0.1'] });
  const token = temporaryFile(t, `${TOKEN}\n`, 'token');
  const files = [temporaryFile(t, cert, 'cert'), temporaryFile(t, key, 'key')] as const;
  for (const file of [token, files[1]]) chmodSync(file, 0o600);
  const start = async () => {
    const command = new Command(t, [
      ...['--control', `tls:127.0.0.1:${port}`, '--control-token', token, '--grace', '0'],
      ...['--tls-cert', files[0], '--tls-key', files[1], '127.0.0.1:0'],
    ]);
    await command.line(/listening/);
    return command;
  };
  const { fingerprint256: fingerprint } = new X509Certificate(cert);
  return { command: await start(), start, fingerprint, cert: files[0] };
}

describe('a server that is reached by TLS', () => {
  test('is shown by its certificate’s fingerprint or its authority, and comes back after a restart', async (t) => {
    const port = await freePort(t);
    const { command, start, fingerprint, cert } = await startTls(t, port);
    const remote = remoteOf(t, { port, fingerprint }, TOKEN);
    remote.connect();
    await until(remote, 'connected');
    const { facts } = remote.state;
    assert.equal(facts?.connections, 0);
    remote.use({ ...remote.settings, fingerprint: '', ca: cert });
    await until(remote, 'connected');

    command.child.kill('SIGKILL');
    await until(remote, 'waiting');
    assert.ok((remote.state.retry ?? 0) > 0);
    const again = await start();
    await until(remote, 'connected');
    assert.equal(remote.state.problem, undefined);
    const ended = await again.stop();
    if (process.platform !== 'win32') assert.equal(ended, 0);
  });

  test('is shown no token unless its certificate is the right one; and is asked no more', async (t) => {
    const port = await freePort(t);
    const { fingerprint } = await startTls(t, port);
    const refused = async (settings: Partial<RemoteSettings>, token: string, why: RegExp) => {
      const remote = remoteOf(t, { port, ...settings }, token);
      remote.connect();
      await until(remote, 'failed', 'connected');
      assert.equal(remote.state.link, 'failed');
      assert.match(remote.state.problem ?? '', why);
      assert.equal(remote.state.retry, undefined);
    };
    const other = new X509Certificate(certificate().cert).fingerprint256;
    await Promise.all([
      refused({ fingerprint }, 'fedcba9876543210', /knows another token/),
      refused({ fingerprint: other }, TOKEN, new RegExp(`fingerprint is ${fingerprint}`)),
      refused({}, TOKEN, new RegExp(`not trusted .*fingerprint is ${fingerprint}`)),
    ]);
  });
});

describe('a server that is reached through SSH', { skip: unlessSshLogin('ssh') }, () => {
  /** A server at a socket, and an sshd that leads there. */
  async function start(t: TestContext) {
    const users = passwordFile(t, `alice::${plainSecret('secret')}`);
    const args = ['-a', users, '--anonymous', '--max-login-failures', '1', '--grace', '0'];
    const [sshd, controlled] = await Promise.all([
      Sshd.start(t),
      startControlled(t, [...args, '--via', '192.0.2.0/24=block']),
    ]);
    const folders = [sshd.client(t), temporaryDirectory(t)] as const;
    const before = { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'] };
    t.after(() => {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    Object.assign(process.env, { PATH: `${folders[0]}:${before.PATH}`, TMPDIR: folders[1] });
    const settings = {
      ...({ way: 'ssh', port: sshd.port, user: sshd.user, control: controlled.path } as const),
    };
    const temporary = tmpdir();
    const links = () => readdirSync(temporary).filter((name) => !name.includes('-test-'));
    return { sshd, controlled, settings, temporary, links };
  }

  test('shows what goes on there, and can be told what to do', async (t) => {
    const { controlled, settings, links } = await start(t);
    const { port } = controlled;
    const echo = await echoServer(t);
    const early = await connected(t, port, echo);
    const remote = remoteOf(t, settings);
    remote.show();
    remote.connect();
    const first = await told(remote, ({ server }) => server.state === 'running');
    assert.deepEqual(first.server.listening, [`127.0.0.1:${port}`]);
    assert.equal(first.remote?.link, 'connected');
    // What was there before the link, and what comes after it.
    await once(remote, 'sample');
    const rows = () => remote.watched.watch();
    assert.deepEqual(
      rows().map(({ destination, state }) => [destination, state]),
      [[`127.0.0.1:${echo}`, 'open']],
    );
    const { client } = await login(t, port, 'alice', 'secret');
    client.send(5, 1, 0, 1, 127, 0, 0, 1, echo >> 8, echo & 255);
    await client.read(10);
    await assertEcho(client, 'hello');
    while (rows().find(({ user }) => user === 'alice')?.up !== 5) await once(remote, 'sample');
    assert.equal(remote.shown.traffic.at(-1)?.connections, 2);
    const { users, activity } = await told(remote, (shown) => shown.users.users.length > 0);
    assert.deepEqual(
      [users.users[0]?.name, activity[0]?.connections, activity[0]?.up],
      ['alice', 1, 5],
    );
    // A wrong password locks alice out, which can be lifted from here.
    assert.notEqual((await login(t, port, 'alice', 'wrong')).status, 0);
    const { lockouts, refusals } = await told(
      remote,
      (shown) => shown.lockouts.length > 0 && shown.refusals.length > 0,
    );
    assert.deepEqual([lockouts[0]?.user, lockouts[0]?.address], ['alice', '127.0.0.1']);
    assert.equal(refusals[0]?.reason, 'authentication-failed');
    await remote.lift({ user: 'alice', address: '127.0.0.1' });
    await told(remote, (shown) => shown.lockouts.length === 0);
    // Its log is read here, and its level can be another one for a while.
    const texts = () => remote.watched.watchLog().map((line) => line.text);
    assert.ok(texts().some((line) => /^authentication-failed #\d+ .*user=alice/.test(line)));
    assert.ok(!texts().some((line) => line.startsWith('established')));
    await remote.changeLevel({ level: 'debug', minutes: 1 });
    assert.deepEqual([remote.logState.level, remote.logState.kept], ['debug', 'info']);
    assert.ok((remote.logState.until ?? 0) > Date.now());
    const third = await connected(t, port, echo);
    while (!texts().some((line) => line.startsWith('established'))) await once(remote, 'sample');
    await remote.changeLevel({ level: 'info' });
    assert.deepEqual([remote.logState.level, remote.logState.until], ['info', undefined]);
    // Which way a request would take is asked there.
    const question = { user: '', command: 'connect', destination: '192.0.2.1:80' } as const;
    assert.equal((await remote.check(question)).allowed, false);
    assert.deepEqual(remote.shown.remote?.routing.via, ['192.0.2.0/24=block']);
    await remote.end(rows().map(({ id }) => id));
    await Promise.all([early.readAll(), client.readAll(), third.readAll()]);
    while (rows().some(({ duration }) => duration === undefined)) await once(remote, 'sample');
    // Nothing is left where the link was.
    assert.equal(links().length, 1);
    remote.disconnect();
    assert.deepEqual(links(), []);
    assert.equal(remote.shown.server.state, 'stopped');
  });

  test('is told to be lost when its sshd is killed, and comes back by itself', async (t) => {
    const { sshd, settings, controlled } = await start(t);
    const remote = remoteOf(t, settings);
    remote.show();
    remote.connect();
    await told(remote, ({ server }) => server.state === 'running');
    await once(remote, 'sample');
    const echo = await echoServer(t);
    const open = await connected(t, controlled.port, echo);
    while (remote.watched.watch().length === 0) await once(remote, 'sample');
    sshd.kill();
    const lost = await told(remote, ({ server }) => server.state === 'error');
    assert.match(lost.server.problem ?? '', /ssh|connection/i);
    assert.equal(remote.state.link, 'waiting');
    // What ends meanwhile is over when the link is back.
    open.socket.end();
    await open.readAll();
    await sshd.begin();
    await until(remote, 'connected');
    await once(remote, 'sample');
    assert.deepEqual(
      remote.watched.watch().map(({ state }) => state),
      ['closed'],
    );
  });

  test('is tried no more when its host key is another one, or it lets nobody in', async (t) => {
    const { sshd, settings } = await start(t);
    const stranger = await sshKey(t, temporaryDirectory(t), 'other');
    const place = `[127.0.0.1]:${sshd.port}`;
    const good = publicKey(sshd.hostKey);
    const refused = async (known: string, why: RegExp, more: Partial<RemoteSettings> = {}) => {
      writeFileSync(sshd.known, known);
      const remote = remoteOf(t, { ...settings, ...more });
      remote.connect();
      await until(remote, 'failed', 'connected');
      assert.match(remote.state.problem ?? '', why);
      assert.equal(remote.state.link, 'failed');
    };
    await refused(`${place} ${publicKey(stranger)}\n`, /another host key than the one in/);
    await refused('', /host key of the server is not known/);
    await refused(`${place} ${good}\n`, /is not let in.*Permission denied/, {
      user: 'nobody-here',
    });
    assert.equal(sshd.logins, 0);
  });

  test('has its ssh ended with the app, however that ends', async (t) => {
    const { settings, temporary, links } = await start(t);
    const module = new URL('../../../../../main/dist/servers/sshlink.js', import.meta.url).href;
    const code = `const { sshLink } = await import(${JSON.stringify(module)});
      const given = ${JSON.stringify({ ...BASE, ...settings })};
      await sshLink(given, new AbortController().signal);
      process.stdout.write('linked\\n');
      setInterval(() => {}, 1000);`;
    const script = temporaryFile(t, code, 'app.mjs');
    const { spawn } = await import('node:child_process');
    const app = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(app.stdout, 'data');
    const [folder = ''] = links();
    const socket = join(temporary, folder, 'control.sock');
    assert.ok(existsSync(socket));
    app.kill('SIGKILL');
    const { connect } = await import('node:net');
    const isOpen = () =>
      new Promise((resolve) => {
        const client = connect({ path: socket });
        client.once('connect', () => resolve(true));
        client.once('error', () => resolve(false));
        client.once('connect', () => client.destroy());
      });
    while (await isOpen());
  });
});
