import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { UserError } from 'picosocks5';
import type { NewUpstream, UpstreamSettings } from '#main/ipc/contract.js';
import { DesktopUpstreams } from '#main/upstreams/upstreams.js';
import type { Keychain } from '#main/users/keychain.js';
import { KeychainError } from '#main/users/keychainerror.js';
import type { Lock } from '#main/users/retry.js';
import { authority } from '../../../support/certificates.js';
import { temporaryFile } from '../../../support/files.js';

/** A keychain that can be locked. */
class FakeKeychain {
  readonly entries = new Map<string, string>();
  locked = false;
  /** What a reading of it waits for. */
  answer: Promise<void> | undefined;

  async read(accounts: readonly string[]) {
    await this.answer;
    this.#demandOpen();
    return new Map([...this.entries].filter(([account]) => accounts.includes(account)));
  }
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

/** A settings file that can be one on a full disk. */
class FakeStore {
  isFull = false;
  upstreams: readonly UpstreamSettings[] = [];
  routes: readonly string[] = [];

  keepUpstreams(
    upstreams: readonly UpstreamSettings[],
    renamed: (rule: string) => string = (rule) => rule,
  ) {
    if (this.isFull) throw new UserError('no space left on device');
    this.upstreams = upstreams;
    this.routes = this.routes.map(renamed);
  }
}

const lock: { state: Lock } = { state: 'unknown' };

function make() {
  const store = new FakeStore();
  const keychain = new FakeKeychain();
  const retry = { look: async () => lock.state, first: 5 };
  const upstreams = new DesktopUpstreams(store, keychain as unknown as Keychain, retry);
  return { store, keychain, upstreams };
}

const work: NewUpstream = {
  name: 'work',
  scheme: 'socks5',
  host: 'proxy.example',
  port: 1080,
  user: 'alice',
  through: '',
  tlsCa: '',
  password: 'secret',
};
const settingsOf = ({ password, ...settings }: NewUpstream): UpstreamSettings => settings;
const home: NewUpstream = { ...work, name: 'home', user: '', password: '' };

describe('upstream servers of the desktop', () => {
  test('a password goes to the keychain, and from there to the server only', async () => {
    const { store, keychain, upstreams } = make();
    await upstreams.add(work);
    assert.deepEqual([...keychain.entries], [['upstream:work', 'secret']]);
    assert.doesNotMatch(JSON.stringify([store.upstreams, upstreams.state]), /secret/);
    assert.equal(upstreams.state.upstreams[0]?.password, 'set');
    const url = 'socks5://proxy.example:1080';
    assert.deepEqual(upstreams.options(['*=work']), {
      work: { url, user: 'alice', password: 'secret' },
    });
  });

  test('the server has those that rules lead to, and those that these go through', async () => {
    const { upstreams } = make();
    await upstreams.add(home);
    await upstreams.add({ ...work, host: '[2001:db8::1]', through: 'home' });
    await upstreams.add({ ...home, name: 'idle' });
    const used = (...via: string[]) => Object.keys(upstreams.options(via)).sort();
    assert.deepEqual(used(), []);
    assert.deepEqual(used('10.0.0.0/8=direct', 'a.example=work|direct'), ['home', 'work']);
    assert.deepEqual(used('home'), ['home']);
    const { work: options } = upstreams.options(['work']);
    assert.equal(options?.url, 'socks5://[2001:db8::1]:1080');
    assert.equal(options?.through, 'home');
  });

  test('what cannot be one is refused with a sentence', async () => {
    const { upstreams } = make();
    await upstreams.add(home);
    for (const [change, sentence] of [
      [{ name: 'home' }, /There is an upstream server "home" already/],
      [{ name: '' }, /needs a name/],
      [{ name: 'a b' }, /only letters, digits/],
      [{ name: 'direct' }, /has a meaning of its own/],
      [{ name: 'block' }, /has a meaning of its own/],
      [{ name: 'socks5' }, /has a meaning of its own/],
      [{ host: ' ' }, /needs a host/],
      [{ host: 'a@b' }, /^Upstream server: /],
      [{ through: 'nobody' }, /There is no upstream server "nobody"/],
      [{ through: 'work' }, /"work" would go through itself: work through work/],
      [{ user: '' }, /A password needs a user name/],
      [{ scheme: 'socks4a' }, /SOCKS 4a has no passwords/],
      [{ password: 'ü'.repeat(128) }, /longer than 255 bytes/],
      [{ password: 'a\0b' }, /cannot be sent/],
    ] as const) {
      await assert.rejects(upstreams.add({ ...work, ...change }), {
        name: 'UserError',
        message: sentence,
      });
    }
    assert.deepEqual(
      upstreams.state.upstreams.map(({ name }) => name),
      ['home'],
    );
  });

  test('only certificates that the user has chosen are trusted, and only over TLS', async (t) => {
    const { upstreams } = make();
    const tlsCa = temporaryFile(t, authority().cert, 'ca.pem');
    const secure: NewUpstream = { ...home, scheme: 'https', tlsCa };
    await assert.rejects(upstreams.add(secure), /A file is chosen in its dialog/);
    assert.throws(() => upstreams.choose('/etc/hostname'), /has no certificate/);
    await assert.rejects(upstreams.add({ ...secure, tlsCa: '/etc/hostname' }), /in its dialog/);
    upstreams.choose(tlsCa);
    await upstreams.add(secure);
    const trusted = () => upstreams.options(['home'])['home']?.tlsCa;
    assert.equal(trusted(), tlsCa);
    const settings = settingsOf({ ...secure, tlsCa: '/etc/passwd' });
    await assert.rejects(upstreams.update({ name: 'home', settings }), /in its dialog/);
    await upstreams.update({ name: 'home', settings: settingsOf({ ...secure, scheme: 'http' }) });
    assert.equal(trusted(), undefined);
  });

  test('rules and others follow a new name, and the password does', async () => {
    const { store, keychain, upstreams } = make();
    await upstreams.add(work);
    await upstreams.add({ ...home, through: 'work' });
    store.routes = ['*.work=work|home', 'work=direct', 'network=home'];
    const settings = { ...settingsOf(work), name: 'office', port: 1081 };
    await upstreams.update({ name: 'work', settings });
    assert.deepEqual(store.routes, ['*.work=office|home', 'work=direct', 'network=home']);
    assert.equal(store.upstreams[1]?.through, 'office');
    assert.deepEqual([...keychain.entries], [['upstream:office', 'secret']]);
    assert.equal(upstreams.options(['office'])['office']?.password, 'secret');

    await assert.rejects(
      upstreams.update({ name: 'office', settings: { ...settings, through: 'home' } }),
      /"office" would go through itself: office through home through office/,
    );
    await upstreams.update({ name: 'office', settings, password: 'new' });
    assert.deepEqual([...keychain.entries], [['upstream:office', 'new']]);
    await upstreams.update({ name: 'office', settings: { ...settings, user: '' } });
    assert.deepEqual([...keychain.entries], []);
  });

  test('one that something leads through is not deleted; a deleted one can be restored', async () => {
    const { store, keychain, upstreams } = make();
    await upstreams.add(work);
    await upstreams.add({ ...home, through: 'work' });
    store.routes = ['*.example=home'];
    await assert.rejects(upstreams.delete('home'), /route "\*\.example=home" leads through "home"/);
    await assert.rejects(upstreams.delete('work'), /"home" is reached through "work"/);
    store.routes = [];
    await upstreams.delete('home');
    await upstreams.delete('work');
    assert.deepEqual([store.upstreams, [...keychain.entries]], [[], []]);
    await upstreams.restore('work');
    assert.deepEqual([...keychain.entries], [['upstream:work', 'secret']]);
    assert.equal(upstreams.state.upstreams[0]?.password, 'set');
    await assert.rejects(upstreams.restore('work'), /cannot be restored any more/);
    upstreams.dispose();
  });

  test('one that is restored is where it was', async () => {
    const { store, upstreams } = make();
    const names = ['a', 'b', 'c'];
    for (const name of names) await upstreams.add({ ...work, name });
    await upstreams.delete('b');
    await upstreams.restore('b');
    assert.deepEqual(
      store.upstreams.map(({ name }) => name),
      names,
    );
    upstreams.dispose();
  });

  test('what cannot be saved leaves no password behind, and takes none away', async () => {
    const { store, keychain, upstreams } = make();
    store.isFull = true;
    await assert.rejects(upstreams.add(work), /no space/);
    assert.deepEqual([...keychain.entries], []);
    store.isFull = false;
    await upstreams.add(work);
    store.isFull = true;
    const settings = settingsOf(work);
    await assert.rejects(upstreams.update({ name: 'work', settings, password: 'x' }), /no space/);
    await assert.rejects(
      upstreams.update({ name: 'work', settings: { ...settings, name: 'b' } }),
      /no space/,
    );
    await assert.rejects(upstreams.delete('work'), /no space/);
    assert.deepEqual([...keychain.entries], [['upstream:work', 'secret']]);
  });

  test('who needs the passwords waits while the keychain is read, and not for ever', async () => {
    const { store, keychain, upstreams } = make();
    store.upstreams = [settingsOf(work)];
    keychain.entries.set('upstream:work', 'secret');
    await upstreams.settled(60_000);
    let answer = () => {};
    keychain.answer = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const reading = upstreams.refresh();
    await upstreams.settled(1);
    assert.equal(upstreams.options(['work'])['work']?.password, undefined);
    setImmediate(answer);
    await upstreams.settled(60_000);
    assert.equal(upstreams.options(['work'])['work']?.password, 'secret');
    await reading;
  });

  test('nobody logs in with a password that the keychain has not told, until it does', async (t) => {
    const { store, keychain, upstreams } = make();
    t.after(() => upstreams.dispose());
    // Looking again keeps no process alive.
    const alive = setInterval(() => {}, 1000);
    t.after(() => clearInterval(alive));
    store.upstreams = [settingsOf(work), settingsOf(home)];
    keychain.entries.set('upstream:work', 'secret');
    keychain.locked = true;
    lock.state = 'locked';
    await upstreams.refresh();
    assert.equal(upstreams.state.keychainProblem, 'locked');
    assert.deepEqual(
      upstreams.state.upstreams.map(({ password }) => password),
      ['unknown', 'none'],
    );
    assert.equal(upstreams.options(['work'])['work']?.user, undefined);
    await assert.rejects(upstreams.add({ ...work, name: 'b' }), /locked/);
    // What needs no password can be changed.
    const settings = { ...settingsOf(home), port: 9 };
    await upstreams.update({ name: 'home', settings });

    keychain.locked = false;
    lock.state = 'open';
    await once(upstreams, 'change');
    assert.equal(upstreams.state.keychainProblem, undefined);
    assert.equal(upstreams.options(['work'])['work']?.password, 'secret');
  });
});
