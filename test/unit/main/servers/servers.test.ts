import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isOnlyLocal, type NewRemote, type RemoteSettings } from '#main/ipc/contract.js';
import { checkRemote, normalRemote } from '#main/servers/checks.js';
import { eventOf, lostIn } from '#main/servers/remoteevents.js';
import { Servers } from '#main/servers/servers.js';
import { sshArguments } from '#main/servers/sshlink.js';
import { KeychainError } from '#main/users/keychainerror.js';
import { temporaryDirectory } from '../../../support/files.js';

const TOKEN = '0123456789abcdef';
const SSH: RemoteSettings = {
  ...{ name: 'far', way: 'ssh', host: 'far.example', port: 0, user: '' },
  ...{ control: '/run/picosocks5/control.sock', fingerprint: '', ca: '' },
};
const TLS: RemoteSettings = { ...SSH, name: 'near', way: 'tls', port: 9443, control: '' };

class FakeKeychain {
  readonly entries = new Map<string, string>();
  locked = false;

  async get(account: string) {
    this.#demandOpen();
    return this.entries.get(account);
  }
  async set(account: string, password: string) {
    this.#demandOpen();
    this.entries.set(account, password);
  }
  async delete(account: string) {
    this.#demandOpen();
    this.entries.delete(account);
  }
  #demandOpen() {
    if (this.locked) throw new KeychainError('locked');
  }
}

/** Servers to which no link can be made. */
function make(t: TestContext, folder = temporaryDirectory(t), keychain = new FakeKeychain()) {
  const warnings: string[] = [];
  const open = async () => {
    throw new Error('nobody is there');
  };
  const options = { open, firstRetry: 1, warn: (message: string) => warnings.push(message) };
  const servers = new Servers(folder, keychain, options);
  t.after(() => servers.dispose());
  const names = () => servers.state.servers.map(({ name }) => name);
  return { servers, keychain, folder, warnings, names, file: join(folder, 'servers.json') };
}

const idOf = ({ state }: Servers, name: string) =>
  state.servers.find((server) => server.name === name)?.id ?? '';

describe('servers elsewhere', () => {
  test('are kept in a file of their owner, and their tokens in the keychain only', async (t) => {
    const { servers, keychain, folder, file, names } = make(t);
    await servers.add({ ...SSH, token: '' });
    await servers.add({ ...TLS, token: TOKEN });
    assert.deepEqual([...keychain.entries.values()], [TOKEN]);
    assert.ok(!readFileSync(file, 'utf8').includes(TOKEN));
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
    await servers.disconnect(idOf(servers, 'near'));
    servers.dispose();
    const again = make(t, folder, keychain);
    assert.deepEqual(again.names(), names());
    again.servers.start();
    // Only one was wanted when the app ended.
    const links = again.servers.state.servers.map(({ link }) => link);
    assert.deepEqual(links, ['connecting', 'off']);
    const { id } = again.servers.state.servers[1] ?? { id: '' };
    await again.servers.remove(id);
    assert.deepEqual([...keychain.entries.values()], []);
    await again.servers.restore(id);
    assert.deepEqual([...keychain.entries.values()], [TOKEN]);
    assert.deepEqual(again.names(), ['far', 'near']);
    const far = idOf(again.servers, 'far');
    await again.servers.remove(far);
    await again.servers.restore(far);
    assert.deepEqual(again.names(), ['far', 'near']);
    again.servers.dispose();
    assert.deepEqual(make(t, folder, keychain).names(), ['far', 'near']);
  });

  test('a link that cannot be made is tried again, at times of which no two are the same', async (t) => {
    const { servers } = make(t);
    await servers.add({ ...SSH, token: '' });
    const waits = new Set<number>();
    while (waits.size < 4) {
      await once(servers, 'state');
      const [server] = servers.state.servers;
      if (server?.link === 'waiting') waits.add(server.retry ?? 0);
    }
    assert.equal(servers.state.servers[0]?.problem, 'nobody is there');
  });

  test('nothing is kept of one whose token cannot be', async (t) => {
    const { servers, keychain, names } = make(t);
    keychain.locked = true;
    await assert.rejects(servers.add({ ...TLS, token: TOKEN }), /locked/);
    assert.deepEqual(names(), []);
  });

  test('what of the file cannot be used is left out, and told', (t) => {
    const folder = temporaryDirectory(t);
    const good = { id: 'one', settings: SSH, hasToken: false, wanted: false };
    const content = { version: 1, servers: [good, { ...good, id: '../x' }, 'nonsense'] };
    writeFileSync(join(folder, 'servers.json'), JSON.stringify(content));
    const { names, warnings } = make(t, folder);
    assert.deepEqual([names(), warnings.length], [['far'], 1]);
    writeFileSync(join(folder, 'servers.json'), '{');
    assert.deepEqual(make(t, folder).names(), []);
  });

  test('names are given once, and a file of authorities is chosen in its dialog', async (t) => {
    const { servers } = make(t);
    const add = (settings: Partial<NewRemote>) => servers.add({ ...SSH, token: '', ...settings });
    await add({});
    await assert.rejects(add({}), /There is a server “far” already/);
    const other = { ...TLS, token: TOKEN, ca: '/etc/passwd' };
    await assert.rejects(servers.add(other), /chosen in its dialog/);
  });

  const wrong: readonly (readonly [Partial<RemoteSettings>, string, RegExp])[] = [
    [{ host: '-oProxyCommand=touch' }, '', /cannot be one/],
    [{ host: 'a b' }, '', /cannot be one/],
    [{ user: '-x' }, '', /cannot be the name of one/],
    [{ control: '/run/a:b' }, '', /cannot be a control interface/],
    [{ control: '/run/%h' }, '', /cannot be a control interface/],
    [{ control: '10.0.0.1:80' }, TOKEN, /cannot be a control interface/],
    [{ control: '127.0.0.1:80' }, '', /one is needed at a TCP port/],
    [{ way: 'tls', port: 0 }, TOKEN, /from 1 to 65535/],
    [{ way: 'tls', port: 9 }, 'short', /16 characters or more/],
    [{ way: 'tls', port: 9, fingerprint: 'AB:CD' }, TOKEN, /64 hexadecimal digits/],
    [{ name: 'a\nb' }, '', /1 to 100 characters/],
  ];
  for (const [settings, token, why] of wrong) {
    test(`cannot be: ${JSON.stringify(settings)}`, () => {
      assert.throws(() => checkRemote(normalRemote({ ...SSH, ...settings }), token), why);
    });
  }

  test('a fingerprint is taken as openssl writes it', () => {
    const octets = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0'));
    const typed = `sha256 Fingerprint=${octets.join(':')}`;
    const { fingerprint } = normalRemote({ ...TLS, fingerprint: typed });
    assert.equal(fingerprint, octets.join(':').toUpperCase());
  });

  test('ssh is asked for nothing but to forward, and takes nothing for an option', () => {
    const args = sshArguments({ host: 'far', port: 22, user: 'me' }, '/tmp/50%/s', '/run/c.sock');
    assert.deepEqual(args.slice(-2), ['--', 'far']);
    assert.equal(args[args.indexOf('-L') + 1], '/tmp/50%%/s:/run/c.sock');
    assert.ok(args.includes('BatchMode=yes') && args.includes('-N'));
  });

  test('lines that are no events of such a server are not believed', () => {
    const time = '2026-01-02T03:04:05.000Z';
    const client = { host: '192.0.2.1', port: 5 };
    const line = { time, type: 'connection', id: 1, client };
    assert.equal(eventOf(line)?.time, Date.parse(time));
    const strange = [
      ...[null, 'text', [], {}, { ...line, type: 'constructor' }, { ...line, id: '1' }],
      ...[
        { ...line, client: 'x' },
        { ...line, time: 'now' },
        { ...line, id: -1 },
      ],
      { ...line, type: 'closed', reason: 'x'.repeat(5000), duration: 1, up: 0, down: 0 },
    ];
    for (const one of strange) assert.equal(eventOf(one), undefined, JSON.stringify(one));
    assert.deepEqual([lostIn({ type: 'lost', count: 3 }), lostIn(line)], [3, 0]);
  });

  test('what is about this computer alone cannot be done with them', () => {
    for (const name of ['server.stop', 'users.add', 'upstreams.add', 'connections.deny']) {
      assert.equal(isOnlyLocal(name), true, name);
    }
    for (const name of [
      'routing.check',
      'connections.disconnect',
      'servers.show',
      'settings.set',
    ]) {
      assert.equal(isOnlyLocal(name), false, name);
    }
  });
});
