import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ConnectRequest, ServerOptions } from 'picosocks5';
import { startServer } from '../support/server.js';
import { Client, echoServer } from '../support/sockets.js';
import { assertEcho, connectTo, domain, greeted, login, readReply } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const DENIED = 2;
const UNRESOLVED = 4;

/** A server with a way out that knows names itself: all of them lead to an echo server. */
async function startUpstream(t: TestContext, options: ServerOptions = {}) {
  const echo = await echoServer(t);
  const asked: ConnectRequest[] = [];
  const server = await startServer(t, options, ({ outbounds }) =>
    outbounds.register({
      id: 'upstream',
      resolves: true,
      serves: ({ destination }) => destination.host !== 'direct.invalid',
      async connect(request) {
        asked.push(request);
        const socket = dial({ port: echo, host: '127.0.0.1', allowHalfOpen: true });
        await once(socket, 'connect');
        return socket;
      },
    }),
  );
  const ask = async (host: string, port = 80) => {
    const client = await greeted(t, server.port);
    client.send(5, 1, 0, domain(host, port));
    return { client, reply: (await readReply(client)).reply };
  };
  return { ...server, asked, ask };
}

test('an outbound that resolves gets the name as it is, and nothing is resolved here', async (t) => {
  const { asked, ask } = await startUpstream(t);
  const { client, reply } = await ask('only.there.invalid', 1080);
  assert.equal(reply, 0);
  await assertEcho(client);
  const [request] = asked;
  assert.deepEqual(request?.destination, { host: 'only.there.invalid', port: 1080 });
  assert.equal(request?.addresses, undefined);
  assert.equal((await ask('direct.invalid')).reply, UNRESOLVED);
  assert.equal(asked.length, 1);
});

test('an outbound learns who asks', async (t) => {
  const auth = [passwordFile(t, `alice:staff:${plainSecret('secret')}`)];
  const { port, asked } = await startUpstream(t, { auth });
  const { client } = await login(t, port, 'alice', 'secret');
  await connectTo(client, '127.0.0.1', 9);
  const [request] = asked;
  const { user, group, command, listener, addresses } = request ?? assert.fail();
  assert.deepEqual(
    [user, group, command, listener, addresses],
    ['alice', 'staff', 'connect', 'default', ['127.0.0.1']],
  );
  assert.deepEqual(request?.client, { host: '127.0.0.1', port: client.socket.localPort });
});

const judged: [request: string[], host: string, reply: number, by?: string][] = [
  [['!connect:*.bad.invalid', 'all'], 'x.bad.invalid', DENIED, 'rule "!connect:*.bad.invalid"'],
  [['!connect:*.bad.invalid', 'all'], 'good.invalid', 0],
  [['connect:good.invalid'], 'good.invalid', 0],
  [['connect:good.invalid'], 'other.invalid', DENIED, 'no rule allows it'],
  [['connect:127.0.0.0/8'], 'other.invalid', DENIED, 'no rule allows it'],
  [['bind'], 'other.invalid', DENIED, 'no rule allows it'],
  [['!connect:127.0.0.0/8', 'all'], '127.0.0.1', DENIED, 'rule "!connect:127.0.0.0/8"'],
  [['!connect:127.0.0.0/8', 'all'], '0x7f.1', DENIED, 'rule "!connect:127.0.0.0/8"'],
  [['!connect:127.0.0.0/8', 'all'], '[::127.0.0.1]', DENIED],
];
for (const [request, host, expected, by] of judged) {
  test(`where an outbound resolves, ${request} answers ${host} with ${expected}`, async (t) => {
    const { server, asked, ask, event } = await startUpstream(t, { request });
    assert.equal((await ask(host)).reply, expected);
    assert.equal(asked.length, expected === 0 ? 1 : 0);
    if (by !== undefined) assert.equal((await event('rejected')).detail, by);
    const checked = await server.check(undefined, 'connect', { host, port: 80 });
    assert.equal(checked.allowed, expected === 0, JSON.stringify(checked));
  });
}

test('check says what decides about a name that is resolved elsewhere', async (t) => {
  const { server } = await startUpstream(t, { request: ['connect:*.invalid'] });
  const to = (host: string) => server.check(undefined, 'connect', { host, port: 80 });
  assert.deepEqual(await to('a.invalid'), {
    group: undefined,
    allowed: true,
    by: 'rule "connect:*.invalid"',
    addresses: [],
  });
  assert.equal((await to('a.example')).by, 'no rule allows it');
});

test('check says so where there is no way out', async (t) => {
  const { server } = await startServer(t);
  const { outbounds } = server.registries;
  outbounds.unregister(outbounds.get('direct') ?? assert.fail());
  const { allowed, by } = await server.check(undefined, 'connect', { host: 'a.invalid', port: 80 });
  assert.deepEqual([allowed, by], [false, 'no outbound serves it']);
});

test('a policy that answers onAddress() guards names, too', async (t) => {
  const { server, ask } = await startUpstream(t);
  const seen: unknown[] = [];
  server.registries.accessPolicies.register({
    id: 'mine',
    async onAddress({ address, destination }) {
      seen.push([destination.host, address]);
      return destination.host.startsWith('no') ? { by: 'a whim' } : undefined;
    },
  });
  assert.equal((await ask('no.invalid')).reply, DENIED);
  assert.equal((await ask('yes.invalid')).reply, 0);
  assert.deepEqual(seen, [
    ['no.invalid', undefined],
    ['yes.invalid', undefined],
  ]);
});

test('an outbound whose time is up is told so, and what it still brings is closed', async (t) => {
  const echo = await echoServer(t);
  const { port, server } = await startServer(t, { connectTimeout: 0.1 });
  let late: Promise<Client> | undefined;
  server.registries.outbounds.register({
    id: 'late',
    resolves: true,
    async connect({ signal }) {
      if (!signal.aborted) await once(signal, 'abort');
      const socket = dial({ port: echo, host: '127.0.0.1', allowHalfOpen: true });
      late = once(socket, 'close').then(() => Client.of(socket));
      await once(socket, 'connect');
      return socket;
    },
  });
  const client = await greeted(t, port);
  assert.equal((await connectTo(client, '127.0.0.1', 9)).reply, 6);
  await late;
});

test('the direct way out comes through its own door', async (t) => {
  const echo = await echoServer(t);
  const { port, server } = await startServer(t);
  const { outbounds } = server.registries;
  const direct = outbounds.get('direct') ?? assert.fail();
  const asked: string[] = [];
  outbounds.unregister(direct);
  outbounds.register({
    id: 'watched',
    resolves: direct.resolves,
    connect(request) {
      asked.push(...(request.addresses ?? []));
      return direct.connect(request);
    },
  });
  const client = await greeted(t, port);
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  await assertEcho(client);
  assert.deepEqual(asked, ['127.0.0.1']);
});
