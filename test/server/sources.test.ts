import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type AuthenticationMethod,
  type AuthenticationSource,
  type ServerOptions,
  UserError,
} from 'picosocks5';
import { manualClock } from '../support/clock.js';
import { startServer } from '../support/server.js';
import { bytes, Client } from '../support/sockets.js';
import { connectTo, login } from '../support/socks.js';
import { HASH_OF_SECRET, passwordFile } from '../support/users.js';

const users = new Map([
  ['alice', { password: 'secret', group: 'staff' }],
  ['bob', { password: 'bob', group: undefined }],
]);

/** A source that verifies passwords after a turn or two, as a directory does. */
const directory: AuthenticationSource = {
  name: 'ldap://directory',
  kinds: new Set(['password'] as const),
  async verify(name, password) {
    const user = name.toLowerCase();
    const known = users.get(user);
    if (known === undefined || known.password !== Buffer.from(password).toString())
      return undefined;
    return { user, group: known.group };
  },
  async identify(name) {
    const user = name.toLowerCase();
    const known = users.get(user);
    return known && { user, group: known.group };
  },
};

function serve(t: TestContext, source: AuthenticationSource, options: ServerOptions = {}) {
  return startServer(t, { auth: ['test:x'], ...options }, (registries) =>
    registries.authenticationSources.register({ id: 'test', open: async () => source }),
  );
}

test('a source that only verifies, as a directory does', async (t) => {
  const groups = { staff: { request: ['connect'] } };
  const { port, event, server } = await serve(t, directory, { request: ['!all'], groups });
  const { client, status } = await login(t, port, 'Alice', 'secret');
  assert.equal(status, 0);
  const { user, group } = await event('authenticated');
  assert.deepEqual({ user, group }, { user: 'alice', group: 'staff' });
  assert.equal((await connectTo(client, '127.0.0.1', 1)).reply, 5);
  for (const [name, password] of [
    ['alice', 'bob'],
    ['mallory', 'secret'],
    ['alice', ''],
  ] as const) {
    assert.notEqual((await login(t, port, name, password)).status, 0, name);
  }

  const chap = await Client.connect(t, port);
  chap.send(5, 1, 3);
  assert.deepEqual(await chap.read(2), bytes(5, 0xff), 'CHAP needs a password that is told');

  const to = { host: '127.0.0.1', port: 1 };
  assert.equal((await server.check('ALICE', 'connect', to)).group, 'staff');
  assert.equal((await server.check('alice', 'connect', to)).allowed, true);
  assert.equal((await server.check('bob', 'connect', to)).allowed, false);
  await assert.rejects(server.check('mallory', 'connect', to), /there is no user "mallory"/);
});

test('check says so where a source cannot say who its users are, and their groups matter', async (t) => {
  const { identify: _, ...silent } = directory;
  const to = { host: '127.0.0.1', port: 1 };
  const without = await serve(t, silent);
  assert.equal((await without.server.check('alice', 'connect', to)).allowed, true);
  const { server } = await serve(t, silent, { groups: { staff: { request: ['all'] } } });
  await assert.rejects(server.check('alice', 'connect', to), /the group of "alice" is not known/);
});

test('a source that fails denies, is warned of by name, and shows no password', async (t) => {
  const broken: AuthenticationSource = {
    ...directory,
    verify(_user, password) {
      throw new Error(`no bind with ${Buffer.from(password)}`);
    },
    identify: async () => {
      throw new Error('no bind');
    },
  };
  const file = passwordFile(t, `alice::${HASH_OF_SECRET}`);
  const auth = ['test:x', `password:${file}`];
  const { port, event, events, server } = await serve(t, broken, { auth });
  assert.notEqual((await login(t, port, 'alice', 'secret')).status, 0);
  const { message } = await event('warning');
  assert.match(message, /^the source of users "ldap:\/\/directory" failed: .*"alice" is denied$/);
  assert.equal((await event('authentication-failed')).detail, 'a source of users failed');
  assert.ok(!JSON.stringify(events).includes('secret'));
  const check = server.check('alice', 'connect', { host: '127.0.0.1', port: 1 });
  await assert.rejects(
    check,
    (error) => error instanceof UserError && /no bind/.test(error.message),
  );
});

test('a source that does not answer: clients are gone with the handshake, and so is the server', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  let asked = () => {};
  const silent: AuthenticationSource = {
    ...directory,
    verify: () => {
      asked();
      return new Promise<undefined>(() => {});
    },
  };
  const { port, event, server } = await serve(t, silent, { handshakeTimeout: 1 });
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const refused = assert.rejects(login(t, port, 'alice', 'secret'), /ended after 0/);
  await isAsked;
  await clock.passUntil(refused, 500);
  assert.equal((await clock.passUntil(event('closed'), 500)).reason, 'handshake-timeout');
  assert.deepEqual(server.connections(), []);

  const question = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const ended = assert.rejects(login(t, port, 'bob', 'bob'), /ended after 0/);
  await question;
  await clock.passUntil(server.close(), 500);
  await ended;
  assert.match(
    (await event('warning')).message,
    /was closed meanwhile; the login of "(alice|bob)"/,
  );
});

test('sections of users whom a source does not identify are warned of', async (t) => {
  const limits = { connections: 1 };
  const sections = { alice: limits, alcie: limits };
  const { events } = await serve(t, directory, { users: sections });
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  assert.deepEqual(warnings, [
    'section [user:alcie] is not in force: no user has the name "alcie" in ldap://directory',
  ]);
  const down = { ...directory, identify: () => Promise.reject(new Error('down')) };
  const { events: others } = await serve(t, down, { users: sections });
  const told = others.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  assert.deepEqual(told, [
    'cannot tell whether there is a user for [user:alice]: ' +
      'the source of users "ldap://directory" failed: down',
  ]);
});

test('a method of an extension has passwords checked without knowing how', async (t) => {
  const method: AuthenticationMethod = {
    id: 'token',
    code: 0x80,
    strength: 100,
    available: ({ users: known }) => known.has('password'),
    async authenticate({ client, passwords, users: known, read, write }) {
      const octets = await read((input) =>
        input.length >= 6 ? { value: input.slice(0, 6), length: 6 } : undefined,
      );
      const result = await passwords.check(client, 'alice', octets);
      write(Buffer.of('failure' in result ? 1 : 0));
      assert.deepEqual(await known.identify('bob'), { user: 'bob', group: undefined });
      return result;
    },
  };
  const { port, server, event } = await serve(t, directory);
  server.registries.authenticationMethods.register(method);
  for (const [password, status] of [
    ['secret', 0],
    ['secre!', 1],
  ] as const) {
    const client = await Client.connect(t, port);
    client.send(5, 1, 0x80, password);
    assert.deepEqual(await client.read(3), bytes(5, 0x80, status));
  }
  assert.equal((await event('authenticated')).method, 'token');
});
