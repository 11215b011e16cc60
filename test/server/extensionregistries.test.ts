import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contributing, extension } from '../support/extensions.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

test('a source of users is activated when its format is asked for', async (t) => {
  const folder = extension(
    t,
    contributing({ authenticationSources: ['table'] }),
    `import { UserError } from 'picosocks5';
     class Table {
       #users; kinds = new Set(['password']);
       constructor(text) { this.name = 'table ' + text; this.#users = new Map(JSON.parse(text)); }
       async verify(user, password, { client, signal }) {
         if (!(password instanceof Uint8Array) || client !== '127.0.0.1' || signal.aborted) throw new Error('asked wrongly');
         const known = this.#users.get(user);
         return known === Buffer.from(password).toString() ? { user, group: 'staff' } : undefined;
       }
       identify(user) { return this.#users.has(user) ? { user, group: 'staff' } : undefined; }
       dispose() { globalThis.disposed = (globalThis.disposed ?? 0) + 1; }
     }
     export function activate({ registries }) {
       registries.authenticationSources.register({
         id: 'table',
         open(text, warn) {
           if (text === 'bad') throw new UserError('the table is bad');
           warn('a table is no directory');
           return new Table(text);
         },
       });
     }`,
  );
  const users = 'table:[["alice","secret"]]';
  const groups = { staff: { request: ['connect'] } };
  const options = { extensions: [folder], request: ['!all'], groups };
  const { port, server, event, events } = await startServer(t, { ...options, auth: [users] });
  const { client, status } = await login(t, port, 'alice', 'secret');
  assert.equal(status, 0);
  assert.equal((await connectTo(client, '127.0.0.1', 1)).reply, 5);
  assert.notEqual((await login(t, port, 'alice', 'wrong')).status, 0);
  assert.notEqual((await login(t, port, 'bob', 'secret')).status, 0);
  assert.equal((await event('authenticated')).group, 'staff');
  assert.ok(
    events.some((one) => one.type === 'warning' && one.message === 'a table is no directory'),
  );
  const to = { host: '127.0.0.1', port: 1 };
  assert.equal((await server.check('alice', 'connect', to)).allowed, true);
  await assert.rejects(server.reload({ ...options, auth: ['table:bad'] }), /the table is bad/);
  assert.equal((await login(t, port, 'alice', 'secret')).status, 0, 'as before');
  await server.close();
  assert.equal((globalThis as { disposed?: number }).disposed, 1);
});

test('a source of an extension beside a password file, in their order', async (t) => {
  const folder = extension(
    t,
    contributing({ authenticationSources: ['plain'] }),
    `export function activate({ registries }) {
       const secret = { kind: 'plain', password: Buffer.from('other'), group: undefined };
       registries.authenticationSources.register({ id: 'plain', open: async (name) => ({
         name, kinds: ['plain'], find: (user) => (user === 'bob' ? [secret] : []),
       }) });
     }`,
  );
  const file = passwordFile(t, `alice::${plainSecret('secret')}`);
  const { port } = await startServer(t, { extensions: [folder], auth: ['plain:x', file] });
  assert.equal((await login(t, port, 'alice', 'secret')).status, 0);
  assert.equal((await login(t, port, 'bob', 'other')).status, 0);
  assert.notEqual((await login(t, port, 'bob', 'secret')).status, 0);
});

test('an authentication method', async (t) => {
  const folder = extension(
    t,
    contributing({ authenticationMethods: ['token'] }),
    `export function activate({ registries }) {
       registries.authenticationMethods.register({
         id: 'token', code: 0x80, strength: 100,
         available: ({ anonymous, users }) => anonymous && !users.configured && !users.has('plain'),
         async authenticate({ read, write, client, passwords }) {
           const octet = await read((input) => input.length > 0 ? { value: input[0], length: 1 } : undefined);
           if ('failure' in (await passwords.check(client, 'nobody', Buffer.from('x')))) write(Uint8Array.of(octet === 7 ? 0 : 1));
           return octet === 7 ? { user: 'seven' } : { failure: 'another octet' };
         },
       });
     }`,
  );
  const { port, event } = await startServer(t, { extensions: [folder] });
  const echo = await echoServer(t);
  const offer = async (octet: number) => {
    const client = await Client.connect(t, port);
    client.send(5, 2, 0, 0x80);
    assert.deepEqual(await client.read(2), bytes(5, 0x80));
    return client.send(octet);
  };
  const client = await offer(7);
  assert.deepEqual(await client.read(1), bytes(0));
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  assert.equal((await event('authenticated')).user, 'seven');
  assert.deepEqual(await (await offer(8)).readAll(), bytes(1));
  assert.equal((await event('authentication-failed')).detail, 'another octet');
});

test('an access policy, with settings of its own', async (t) => {
  const settings = { 'ext.port': { type: 'integer', minimum: 1, maximum: 65535, default: 25 } };
  const folder = extension(
    t,
    contributing({ accessPolicies: ['mine'] }, { configuration: { properties: settings } }),
    `export async function activate({ registries, configuration }) {
       registries.accessPolicies.register({
         id: 'mine',
         onConnect: (client) => (client.length === 4 ? undefined : { by: 'IPv6' }),
         async onAddress({ address, destination, user, command }) {
           if (destination.port === configuration.get('ext.port')) return { by: 'port ' + destination.port };
           return address[0] === 127 && command === 'connect' && user === undefined ? undefined : { by: 'elsewhere' };
         },
         explain: () => 'mine likes it',
       });
     }`,
  );
  const echo = await echoServer(t);
  const { port, server, event } = await startServer(t, { extensions: [folder] });
  await assertEcho(await connected(t, port, echo));
  assert.equal((await connectTo(await greeted(t, port), '127.0.0.1', 25)).reply, 2);
  assert.equal((await event('rejected')).detail, 'port 25');
  const result = await server.check(undefined, 'connect', { host: '127.0.0.1', port: 1 });
  assert.deepEqual(
    result.addresses.map(({ by }) => by),
    ['there are no rules; mine likes it'],
  );
  await server.reload({
    listen: ['127.0.0.1:0'],
    settings: { 'ext.port': echo },
    extensions: [folder],
  });
  const [address] = server.addresses;
  assert.equal((await connectTo(await greeted(t, address?.port ?? 0), '127.0.0.1', echo)).reply, 2);
});

test('a way out, by streams', async (t) => {
  const folder = extension(
    t,
    contributing({ outbounds: ['detour'] }),
    `import { connect } from 'node:net';
     import { once } from 'node:events';
     export function activate({ registries, configuration }) {
       registries.outbounds.register({
         id: 'detour', resolves: true,
         serves: ({ destination }) => destination.host.endsWith('.test'),
         async connect({ destination, timeout, addresses }, signal) {
           if (!(signal instanceof AbortSignal) || addresses !== undefined) throw new Error('asked wrongly');
           if (destination.host === 'refused.test') throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
           if (destination.host === 'nonsense.test') return 'a connection';
           const socket = connect({ host: '127.0.0.1', port: destination.port, allowHalfOpen: true, signal });
           await once(socket, 'connect');
           return socket;
         },
       });
     }`,
  );
  const echo = await echoServer(t);
  const { port } = await startServer(t, { extensions: [folder] });
  const reply = async (host: string) => {
    const client = await greeted(t, port);
    return { client, ...(await connectTo(client, host, echo)) };
  };
  const { client, reply: code } = await reply('a.test');
  assert.equal(code, 0);
  await assertEcho(client, 'x'.repeat(300_000));
  client.socket.end();
  assert.deepEqual(await client.readAll(), bytes(), 'half-closed and ended');
  assert.equal((await reply('refused.test')).reply, 5);
  assert.equal((await reply('nonsense.test')).reply, 1);
  assert.equal((await reply('127.0.0.1')).reply, 0, 'directly');
});

test('a way out that a URL of --via names by its scheme, and one that it names by its id', async (t) => {
  const folder = extension(
    t,
    {
      contributes: {
        outbounds: [{ id: 'shouting', schemes: ['shout'] }, { id: 'detour' }],
      },
    },
    `export function activate({ registries }) {
       const connect = async ({ destination, upstream }) => {
         const { scheme, host, port, user, password } = upstream;
         const transport = await upstream.open();
         const login = Buffer.from(user) + ':' + Buffer.from(password);
         transport.write(Buffer.from([scheme, host, port, login, destination.host].join(' ') + '!'));
         return transport;
       };
       registries.outbounds.register({ id: 'shouting', schemes: ['shout'], resolves: true, connect });
       registries.outbounds.register({
         id: 'detour', resolves: true, serves: () => false,
         connect: () => { throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' }); },
       });
     }`,
  );
  const echo = await echoServer(t);
  const via = [`a.invalid=shout://al%65x:p%3Aw@127.0.0.1:${echo}`, 'b.invalid=detour'];
  const { port, server, event } = await startServer(t, { extensions: [folder], via });
  const client = await greeted(t, port);
  assert.equal((await connectTo(client, 'a.invalid', 80)).reply, 0);
  const said = `shout 127.0.0.1 ${echo} alex:p:w a.invalid!`;
  assert.equal((await client.read(said.length)).toString(), said);
  assert.equal((await event('established')).via, `shout://127.0.0.1:${echo}`);
  assert.equal((await connectTo(await greeted(t, port), 'b.invalid', 80)).reply, 5);
  await server.reload({ listen: [`127.0.0.1:${port}`], extensions: [folder], via });
  assert.equal((await connectTo(await greeted(t, port), 'a.invalid', 80)).reply, 0);
  const checked = await server.check(undefined, 'connect', { host: 'b.invalid', port: 80 });
  assert.deepEqual(checked.via, { way: 'detour', by: 'via "b.invalid=detour"' });
});

test('a dialect', async (t) => {
  const folder = extension(
    t,
    contributing({ dialects: ['lines'] }),
    `import { Command, Refusal, Reply } from 'picosocks5';
     export function activate({ registries }) {
       registries.dialects.register({
         id: 'lines',
         recognizes: (octets) => (octets.length < 1 ? undefined : octets[0] === 0x40),
         async identify(dialogue, { chose, authentication }) {
           chose('lines');
           if (!authentication.anonymous) throw new Refusal('no-acceptable-method', 'lines are anonymous');
           return {};
         },
         readRequest: (dialogue) => dialogue.read((octets) => {
           const end = octets.indexOf(10);
           if (end < 0) return undefined;
           const [, host, port] = /^@(\\S+) (\\d+)$/.exec(Buffer.from(octets.subarray(0, end)).toString()) ?? [];
           if (host === undefined) throw new Refusal('protocol-error', 'not a line', { reply: Reply.generalFailure });
           return { value: { command: Command.connect, destination: { host, port: Number(port) } }, length: end + 1 };
         }),
         encode: (reply) => Buffer.from(reply === Reply.succeeded ? 'ok\\n' : 'no ' + reply + '\\n'),
       });
     }`,
  );
  const echo = await echoServer(t);
  const { port, event } = await startServer(t, { extensions: [folder] });
  const ask = async (line: string) => (await Client.connect(t, port)).send(line);
  const client = await ask(`@127.0.0.1 ${echo}\nearly`);
  assert.equal((await client.read(8)).toString(), 'ok\nearly');
  assert.equal((await (await ask('@\n')).readAll()).toString(), 'no 1\n');
  assert.equal((await event('rejected')).detail, 'not a line');
});

test('an event sink gets copies that it cannot change, and onEvent() as well', async (t) => {
  const folder = extension(
    t,
    contributing({ eventSinks: ['mine'] }),
    `const seen = (globalThis.seen = []);
     export function activate({ registries, server, log, subscriptions }) {
       registries.eventSinks.register({ id: 'mine', wants: (type) => type !== 'connection', handle(event) {
         seen.push(event.type);
         try { event.type = 'other'; } catch (error) { seen.push(error.constructor.name); }
         try { event.client.host = 'elsewhere'; } catch (error) { seen.push(error.constructor.name); }
         if (event.__proto__ !== undefined) seen.push('__proto__');
       } });
       subscriptions.push(server.onEvent((event) => { if (event.type === 'closed') log.info('it is over'); }));
     }`,
  );
  const echo = await echoServer(t);
  const { port, event, server } = await startServer(t, { extensions: [folder] });
  const client = await connected(t, port, echo);
  client.socket.end();
  await client.readAll();
  const { client: address, type } = await event('closed');
  assert.equal(type, 'closed');
  assert.equal(address.host, '127.0.0.1');
  const said = await event('info');
  assert.deepEqual([said.message, said.extension], ['ext: it is over', 'ext']);
  const { seen } = globalThis as unknown as { seen: string[] };
  const withoutErrors = seen.filter((word) => word !== 'TypeError');
  assert.deepEqual(withoutErrors, [
    'listening',
    'authenticated',
    'request',
    'established',
    'closed',
    'info',
  ]);
  assert.ok(seen.length > 2 * withoutErrors.length - 3);
  await server.close();
});

test('a resolver, which outlives a reload that activates it anew', async (t) => {
  const properties = { 'ext.host': { type: 'string', default: '127.0.0.1' } };
  const folder = extension(
    t,
    contributing({ resolvers: ['names'] }, { configuration: { properties } }),
    `export function activate({ registries, configuration }) {
       const host = configuration.get('ext.host');
       registries.resolvers.register({
         id: 'names', schemes: ['names'],
         open(url, tools) {
           if (url !== 'names://here') throw new Error('no such URL');
           return { async lookup(question) {
             const { name, signal } = question;
             if (!(signal instanceof AbortSignal)) throw new Error('asked wrongly');
             if (name === 'system.test') return { addresses: await tools.lookup({ ...question, name: 'localhost' }), ttl: 0 };
             if (name === 'hangs.test') return new Promise(() => {});
             if (!name.endsWith('.test')) throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
             return { addresses: [host, 'nonsense'], ttl: 0 };
           } };
         },
       });
     }`,
  );
  const echo = await echoServer(t);
  const listen = [`127.0.0.1:${await freePort(t)}`];
  const options = { listen, extensions: [folder], resolver: ['names://here'] };
  const { port, server } = await startServer(t, options);
  const reply = async (host: string) => (await connectTo(await greeted(t, port), host, echo)).reply;
  assert.equal(await reply('a.test'), 0);
  assert.equal(await reply('system.test'), 0);
  assert.equal(await reply('none.example'), 4);
  await server.reload({ ...options, settings: { 'ext.host': '127.0.0.1' } });
  assert.equal(await reply('b.test'), 0);
  await assert.rejects(server.reload({ ...options, resolver: ['names://there'] }), {
    name: 'UserError',
    message: /^resolver: the extension "ext": no such URL/,
  });
  assert.equal(await reply('c.test'), 0);
  const there = { extensions: [folder], resolver: ['names://there'] };
  await assert.rejects(startServer(t, there), /no such URL/);
});
