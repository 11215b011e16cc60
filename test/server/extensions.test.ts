import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type AccessPolicy,
  type AuthenticationMethod,
  type AuthenticationSourceFormat,
  Command,
  type ConnectRequest,
  createRegistries,
  createServer,
  type Dialect,
  type Outbound,
  Refusal,
  type Registries,
  Reply,
  type ServerOptions,
  type Transport,
  UserError,
  type Verdict,
} from 'picosocks5';
import { unlessHere } from '../support/addresses.js';
import { run } from '../support/programs.js';
import { startServer } from '../support/server.js';
import {
  assertTurnedAway,
  bytes,
  Client,
  echoServer,
  freePort,
  serve,
} from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';
import { HASH_OF_SECRET, passwordFile } from '../support/users.js';

const TOKEN = 0x80;

/** Lets in who sends the octet 7. */
const token: AuthenticationMethod = {
  id: 'token',
  code: TOKEN,
  strength: 100,
  available: () => true,
  async authenticate({ read, write }) {
    const octet = await read((input) =>
      input.length > 0 ? { value: input[0], length: 1 } : undefined,
    );
    if (octet === 9) throw new Error('the method is broken');
    write(Buffer.of(octet === 7 ? 0 : 1));
    return octet === 7
      ? { user: 'seven', group: 'tokens' }
      : { user: undefined, failure: 'another octet' };
  },
};

test('an authentication method', async (t) => {
  const echo = await echoServer(t);
  const groups = { tokens: { request: ['connect'] } };
  const { port, event } = await startServer(t, { request: ['!all'], groups }, (registries) =>
    registries.authenticationMethods.register(token),
  );
  const offer = async (octet: number) => {
    const client = await Client.connect(t, port);
    client.send(5, 2, 0, TOKEN);
    assert.deepEqual(await client.read(2), bytes(5, TOKEN));
    return client.send(octet);
  };
  const client = await offer(7);
  assert.deepEqual(await client.read(1), bytes(0));
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  const { method, user } = await event('authenticated');
  assert.deepEqual([method, user], ['token', 'seven']);

  assert.deepEqual(await (await offer(8)).readAll(), bytes(1));
  assert.equal((await event('authentication-failed')).detail, 'another octet');

  assert.deepEqual(await (await offer(9)).readAll(), bytes(), 'no reply to what is no request');
  const { reason, detail } = await event('rejected');
  assert.deepEqual([reason, detail], ['internal-error', 'the method is broken']);
  await assertEcho(client);
});

/** A protocol of lines: `@HOST PORT`, answered by `ok` or `no`. */
const lines: Dialect = {
  id: 'lines',
  recognizes: (octets) => (octets.length < 1 ? undefined : octets[0] === 0x40),
  async identify(_, { authentication, chose }) {
    chose('lines');
    if (!authentication.anonymous) throw new Refusal('no-acceptable-method', 'lines are anonymous');
    return { user: undefined, group: undefined };
  },
  readRequest: (dialogue) =>
    dialogue.read((octets) => {
      const end = octets.indexOf(0x0a);
      if (end < 0) return undefined;
      const [, host, port] = /^@(\S+) (\d+)$/.exec(`${Buffer.from(octets.subarray(0, end))}`) ?? [];
      if (host === undefined) {
        throw new Refusal('protocol-error', 'not a line', { reply: Reply.generalFailure });
      }
      const destination = { host, port: Number(port) };
      return { value: { command: Command.connect, destination }, length: end + 1 };
    }),
  encode: (reply) => Buffer.from(reply === Reply.succeeded ? 'ok\n' : `no ${reply}\n`),
};

test('a dialect, beside those that are built in', async (t) => {
  const echo = await echoServer(t);
  const { port, server, event } = await startServer(t, { request: ['!all:127.0.0.2', 'all'] });
  const registration = server.registries.dialects.register(lines);
  const ask = async (line: string) => (await Client.connect(t, port)).send(line);

  const client = await ask(`@127.0.0.1 ${echo}\nearly`);
  assert.equal((await client.read(8)).toString(), 'ok\nearly');
  assert.equal((await event('authenticated')).method, 'lines');
  assert.equal((await (await ask('@127.0.0.2 1\n')).readAll()).toString(), 'no 2\n');
  assert.equal((await (await ask('@\n')).readAll()).toString(), 'no 1\n');
  assert.equal(
    (await event('rejected', ({ detail }) => detail === 'not a line')).reason,
    'protocol-error',
  );

  await connected(t, port, echo);
  registration.dispose();
  assert.deepEqual(await (await ask('@127.0.0.1 1\n')).readAll(), bytes());
  const { dialects } = server.registries;
  assert.deepEqual(dialects.ids, ['socks5', 'socks4', 'http']);
  dialects.unregister(dialects.get('socks4') ?? assert.fail());
  assert.deepEqual(await (await ask('\x04')).readAll(), bytes());
  await assertEcho(client);
});

test('a format of authentication sources', async (t) => {
  const opened: string[] = [];
  let disposed = 0;
  const extend = ({ authenticationSources }: Registries) =>
    authenticationSources.register({
      id: 'table',
      open(file) {
        opened.push(file);
        const password = Buffer.from('secret');
        const secret = { kind: 'plain', password, group: undefined } as const;
        return Promise.resolve({
          name: file,
          kinds: new Set(['plain'] as const),
          find: (user: string) => (user === 'alice' ? [secret] : []),
          dispose: () => disposed++,
        });
      },
    });
  const { port, server } = await startServer(t, { auth: ['table:x:y'] }, extend);
  assert.deepEqual(opened, ['x:y']);
  assert.equal((await login(t, port, 'alice', 'secret')).status, 0);
  assert.notEqual((await login(t, port, 'bob', 'secret')).status, 0);
  await server.close();
  assert.equal(disposed, 1);
});

const DENIED = 2;
const FAILED = 1;
const REFUSED = 5;
const questions: [question: keyof AccessPolicy, command: number][] = [
  ['onAuthenticated', 1],
  ['onRequest', 1],
  ['onRequest', 2],
  ['onRequest', 3],
  ['onAddress', 1],
];
for (const [question, command] of questions) {
  test(`an access policy that answers ${question}() of command ${command}`, async (t) => {
    const { port, server, event } = await startServer(t, { bind: ['127.0.0.1'] });
    const echo = await echoServer(t);
    const other = await connected(t, port, echo);
    const replyTo = async (answer: () => unknown) => {
      const policy = { id: 'mine', [question]: answer };
      const registration = server.registries.accessPolicies.register(policy);
      const client = await greeted(t, port);
      client.send(5, command, 0, 1, command === 1 ? bytes(127, 0, 0, 1) : bytes(0, 0, 0, 0), 0, 7);
      const answered = await client.readAll();
      registration.dispose();
      return answered[1];
    };
    assert.equal(await replyTo(() => ({ by: 'a whim' })), DENIED);
    assert.equal(await replyTo(async () => ({ by: 'a late whim' })), DENIED);
    await event('rejected', ({ detail }) => detail === 'a late whim');
    const broken = () => {
      throw new Error('the policy is broken');
    };
    assert.equal(await replyTo(broken), DENIED);
    assert.equal(await replyTo(async () => broken()), DENIED);
    await event('warning', ({ message }) => message.endsWith(': the policy is broken'));
    await assertEcho(other);
    await connected(t, port, echo);
  });
}

test('an access policy that answers onConnect(), at once and later', {
  skip: await unlessHere('127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'),
}, async (t) => {
  const echo = await echoServer(t);
  const { port, server, event } = await startServer(t);
  server.registries.accessPolicies.register({
    id: 'mine',
    onConnect(client) {
      const answers: Record<number, () => Verdict> = {
        2: () => ({ by: 'a whim' }),
        3: () => {
          throw new Error('the policy is broken');
        },
        4: async () => ({ by: 'a late whim' }),
        5: () => Promise.reject(new Error('the policy is broken')),
      };
      return answers[client.at(-1) ?? 0]?.();
    },
  });
  for (const host of ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']) {
    await assertTurnedAway(t, port, host);
  }
  const details = ['a whim', 'the access policy "mine" failed', 'a late whim'];
  for (const detail of details) await event('rejected', (rejected) => rejected.detail === detail);
  await event('warning', ({ message }) => message.endsWith(': the policy is broken'));
  await connected(t, port, echo);
});

test('a client that is let in late is counted meanwhile, and served then', async (t) => {
  const echo = await echoServer(t);
  const { port, server, event } = await startServer(t, { maxconn: 1 });
  let letIn: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    server.registries.accessPolicies.register({
      id: 'slow',
      onConnect: () =>
        new Promise((answer) => {
          letIn = () => answer(undefined);
          resolve();
        }),
    });
  });
  const client = await Client.connect(t, port);
  client.send(5, 1, 0);
  await asked;
  const letFirstIn = letIn;
  await assertTurnedAway(t, port, '127.0.0.1');
  await event('rejected', ({ reason }) => reason === 'too-many-connections');
  letFirstIn();
  assert.deepEqual(await client.read(2), bytes(5, 0));
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
});

test('a server closes at once, and a client leaves, whatever a policy does', async (t) => {
  const { port, server, event } = await startServer(t);
  let ask: () => void = () => {};
  server.registries.accessPolicies.register({
    id: 'silent',
    onRequest: () => {
      ask();
      return new Promise(() => {});
    },
  });
  for (const end of [(client: Client) => client.reset(), () => server.close()]) {
    const asked = new Promise<void>((resolve) => {
      ask = resolve;
    });
    const client = await greeted(t, port);
    client.send(5, 1, 0, 1, 127, 0, 0, 1, 0, 7);
    await asked;
    await end(client);
  }
  await event('closed', ({ reason }) => reason === 'client-left');
  await event('closed', ({ reason }) => reason === 'shutdown');
});

/** An outbound with a state of its own. */
class Detour implements Outbound {
  readonly id: string;
  readonly resolves = false;
  readonly #hosts: readonly string[];
  readonly #port: number;

  constructor(id: string, hosts: readonly string[], port: number) {
    this.id = id;
    this.#hosts = hosts;
    this.#port = port;
  }

  serves({ destination }: Pick<ConnectRequest, 'destination'>): boolean {
    if (destination.host === 'broken') throw new Error('the outbound is broken');
    return this.#hosts.includes(destination.host);
  }

  async connect() {
    if (this.#port === 0) throw new Error('the outbound is broken');
    const socket = dial({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }
}

test('outbounds: the last one that serves a destination makes the connection', async (t) => {
  const echo = await echoServer(t);
  const { port, server } = await startServer(t);
  const { outbounds } = server.registries;
  outbounds.register(new Detour('first', ['127.0.0.2', '127.0.0.3'], echo));
  outbounds.register(new Detour('second', ['127.0.0.3'], 0));
  const expected: [host: string, port: number, reply: number][] = [
    ['127.0.0.2', echo, 0],
    ['127.0.0.3', echo, FAILED],
    ['127.0.0.1', await freePort(t), REFUSED],
    ['127.0.0.1', echo, 0],
  ];
  for (const [host, destination, reply] of expected) {
    const client = await greeted(t, port);
    assert.equal((await connectTo(client, host, destination)).reply, reply, host);
    if (reply === 0) await assertEcho(client);
  }
});

async function assertOnlyItsOwn(
  t: TestContext,
  id: string,
  extend: (registries: Registries) => void,
) {
  const echo = await echoServer(t);
  const { port, server } = await startServer(t);
  const other = await connected(t, port, echo);
  extend(server.registries);
  assert.equal((await connectTo(await greeted(t, port), '127.0.0.1', echo)).reply, FAILED, id);
  await assertEcho(other);
}

test('an outbound that throws at once ends only its own connection', async (t) => {
  const broken = () => {
    throw new Error('the outbound is broken');
  };
  const fail = () => Promise.reject(new Error('not asked'));
  await assertOnlyItsOwn(t, 'connect', ({ outbounds }) =>
    outbounds.register({ id: 'x', resolves: false, connect: broken }),
  );
  for (const nothing of [undefined, 'a socket', {}]) {
    const connect = async () => nothing as unknown as Transport;
    await assertOnlyItsOwn(t, `connect gives ${nothing}`, ({ outbounds }) =>
      outbounds.register({ id: 'x', resolves: false, connect }),
    );
  }
  await assertOnlyItsOwn(t, 'serves', ({ outbounds }) =>
    outbounds.register({ id: 'x', resolves: false, serves: broken, connect: fail }),
  );
});

test('an event sink that always throws is removed in the end, and the others are told', async (t) => {
  const echo = await echoServer(t);
  const { port, server, events } = await startServer(t);
  let calls = 0;
  server.registries.eventSinks.register({
    id: 'broken',
    handle() {
      calls++;
      throw new Error('the sink is broken');
    },
  });
  for (let i = 0; i < 4; i++) await connected(t, port, echo);
  assert.equal(calls, 10);
  const warnings = events.flatMap((one) => (one.type === 'warning' ? [one.message] : []));
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? '', /"broken" failed: the sink is broken/);
  assert.match(warnings[1] ?? '', /"broken" failed 10 times .* removed: the sink is broken/);
});

test('after close() nothing keeps the process alive', async (t) => {
  const echo = await echoServer(t);
  const program = `
    import { createServer } from 'picosocks5';
    import { connect } from 'node:net';
    import { once } from 'node:events';
    const options = { listen: ['127.0.0.1:0'], auth: [process.argv[1]], handshakeTimeout: 3600 };
    const server = createServer(options);
    const [{ port }] = await server.listen();
    await server.reload();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(Buffer.from('\\x05\\x01\\x02\\x01\\x05alice\\x06secret\\x05\\x01\\x00\\x01\\x7f\\x00\\x00\\x01'));
    socket.write(Buffer.of(${echo >> 8}, ${echo & 0xff}));
    for (let answer = ''; answer.length < 28; ) answer += (await once(socket, 'data'))[0].toString('hex');
    console.log(server.connections()[0].user);
    await server.close();
    console.log('closed');
  `;
  const args = ['--input-type=module', '-e', program, passwordFile(t, `alice::${HASH_OF_SECRET}`)];
  const cwd = fileURLToPath(new URL('../../..', import.meta.url));
  const output = await run(t, process.execPath, args, { cwd, timeout: 60_000 });
  assert.deepEqual(output, { status: 0, stdout: 'alice\nclosed\n', stderr: '' });
});

test('sources that were opened are closed when anything else fails, and after check()', async (t) => {
  let open = 0;
  const format: AuthenticationSourceFormat = {
    id: 'test',
    async open(name) {
      if (name === 'broken') throw new UserError('broken');
      open++;
      return {
        name,
        kinds: new Set(),
        dispose: () => void open--,
      };
    },
  };
  const auth = ['test:a', 'test:b'];
  const listen = ['127.0.0.1:0'];
  const taken = await serve(t, () => {});
  for (const options of [
    { auth: [...auth, 'test:broken'] },
    { auth, listen: ['no-such-host.invalid:1'] },
    { auth, bind: ['@none0'] },
    { auth, listen: [`127.0.0.1:${taken}`] },
  ]) {
    const server = createServer({ listen, ...options });
    server.registries.authenticationSources.register(format);
    await assert.rejects(server.listen(), UserError);
    assert.equal(open, 0, JSON.stringify(options));

    const { server: running } = await startServer(t, { auth }, (registries) =>
      registries.authenticationSources.register(format),
    );
    await assert.rejects(running.reload({ listen, ...options }), UserError);
    assert.equal(open, 2, 'those of before');
    await running.close();
    assert.equal(open, 0);
  }
  const server = createServer({ listen, auth });
  server.registries.authenticationSources.register(format);
  await server.check(undefined, 'connect', { host: '127.0.0.1', port: 1 });
  assert.equal(open, 0);
  const listening = server.listen();
  await server.close();
  await assert.rejects(listening, /was closed meanwhile/);
  assert.equal(open, 0);
});

test('two servers share registries, and each has its own rules, listeners and users', async (t) => {
  const echo = await echoServer(t);
  const registries = createRegistries();
  registries.authenticationMethods.register(token);
  const told: string[] = [];
  registries.eventSinks.register({ id: 'both', handle: ({ type }) => told.push(type) });
  const before = Object.values(registries).map(({ ids }) => ids);
  const start = async (options: ServerOptions) => {
    const server = createServer({ listen: ['127.0.0.1:0'], ...options }, registries);
    t.after(() => server.close());
    const own: string[] = [];
    server.onEvent(({ type }) => own.push(type));
    const [{ port } = { port: 0 }] = await server.listen();
    return { server, port, own };
  };
  const auth = [passwordFile(t, `alice::${HASH_OF_SECRET}`)];
  const first = await start({ auth });
  const second = await start({ request: ['!all'] });
  assert.deepEqual(
    Object.values(registries).map(({ ids }) => ids),
    before,
  );

  const { client, status } = await login(t, first.port, 'alice', 'secret');
  assert.equal(status, 0);
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  assert.equal((await connectTo(await greeted(t, second.port), '127.0.0.1', echo)).reply, DENIED);
  await first.server.close();
  assert.equal((await connectTo(await greeted(t, second.port), '127.0.0.1', echo)).reply, DENIED);
  assert.equal(first.own.filter((type) => type === 'connection').length, 1);
  assert.equal(second.own.filter((type) => type === 'connection').length, 2);
  assert.equal(told.filter((type) => type === 'connection').length, 3);
  assert.deepEqual(
    Object.values(registries).map(({ ids }) => ids),
    before,
  );
});
