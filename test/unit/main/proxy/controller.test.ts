import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  proxyUrl,
  type ServerStatus,
  type SettingKey,
  type SettingValues,
  type UpstreamSettings,
} from '#main/ipc/contract.js';
import { ConnectionLog } from '#main/proxy/connectionlog.js';
import { ServerController } from '#main/proxy/controller.js';
import type { Interfaces } from '#main/proxy/endpoints.js';
import { Traffic } from '#main/proxy/traffic.js';
import { DEFAULTS } from '#main/settings/values.js';
import { DesktopUpstreams } from '#main/upstreams/upstreams.js';
import type { Keychain } from '#main/users/keychain.js';
import { DesktopUsers } from '#main/users/users.js';
import { certificate } from '../../../support/certificates.js';
import { temporaryFile } from '../../../support/files.js';
import { echoServer, freePort, serve } from '../../../support/sockets.js';
import { assertEcho, connected, connectTo, login } from '../../../support/socks.js';

/** An address that no machine has (RFC 5737). */
const NOWHERE = '192.0.2.77';

function make(t: TestContext, values: Partial<SettingValues>) {
  const settings = { values: { ...DEFAULTS, ...values } };
  const passwords = new Map<string, string>();
  const keychain = {
    set: async (user: string, password: string) => void passwords.set(user, password),
    delete: async (user: string) => void passwords.delete(user),
    get: async (user: string) => passwords.get(user),
    read: async () => passwords,
  };
  const users = new DesktopUsers({ users: [] }, keychain as unknown as Keychain);
  const network: { interfaces: Interfaces } = { interfaces: {} };
  const log = new ConnectionLog();
  const keep = (upstreams: readonly UpstreamSettings[]) => Object.assign(store, { upstreams });
  const store = { upstreams: [], routes: [], keepUpstreams: keep };
  const upstreams = new DesktopUpstreams(store, keychain as unknown as Keychain);
  const controller = new ServerController({
    settings,
    users,
    upstreams,
    log,
    traffic: new Traffic(),
    sinks: [],
    interfaces: () => network.interfaces,
  });
  t.after(() => controller.stop());
  const change = (more: Partial<SettingValues>) => {
    settings.values = { ...settings.values, ...more };
  };
  return { controller, users, upstreams, network, log, change };
}

function faultOf(controller: ServerController): SettingKey | undefined {
  return controller.status.lanFault?.key;
}

async function until(controller: ServerController, state: ServerStatus['state']): Promise<void> {
  while (controller.status.state !== state) await once(controller, 'status');
}

test('settings that need no restart are taken at once, others wait', async (t) => {
  const port = await freePort(t);
  const { controller, change } = make(t, { port });
  await controller.start();
  const echo = await echoServer(t);
  await assertEcho(await connected(t, port, echo));

  const other = await freePort(t);
  change({ port: other, request: [`!connect:127.0.0.1:${echo}`, 'all'] });
  await controller.apply();
  assert.deepEqual(controller.status.pending, ['port']);
  await assert.rejects(connected(t, port, echo));

  change({ request: [] });
  await controller.restart();
  assert.deepEqual(controller.status.pending, []);
  assert.deepEqual(controller.status.listening, [`127.0.0.1:${other}`]);
  await assertEcho(await connected(t, other, echo));
});

test('what it cannot take leaves it as it was', async (t) => {
  const port = await freePort(t);
  const { controller, change } = make(t, { port });
  await controller.start();
  change({ listenAddress: ['*'] });
  await assert.rejects(controller.restart(), /add users, or allow anonymous access/);
  assert.equal(controller.status.state, 'running');
  assert.match(controller.status.problem ?? '', /^Refusing to listen on 0\.0\.0\.0/);
  await assertEcho(await connected(t, port, await echoServer(t)));
  change({ listenAddress: ['127.0.0.1'], timeout: 5 });
  await controller.restart();
  assert.equal(controller.status.problem, undefined);
});

test('a port in use: the next free one is told', async (t) => {
  const taken = await serve(t, () => {});
  const { controller, change } = make(t, { port: taken });
  await assert.rejects(controller.start(), /address already in use .* Port \d+ is free\.$/);
  const { state, freePort: free } = controller.status;
  assert.equal(state, 'error');
  assert.ok(free !== undefined);
  change({ port: free });
  await controller.restart();
  assert.equal(controller.status.state, 'running');
});

test('it comes back when the network does', async (t) => {
  const port = await freePort(t);
  const { controller, network, change } = make(t, {
    port,
    anonymous: true,
    listenAddress: [NOWHERE],
  });
  await assert.rejects(controller.start(), /this machine has no such address/);
  assert.equal(controller.status.state, 'error');
  change({ listenAddress: ['127.0.0.1'] });
  network.interfaces = {};
  await controller.networkChanged();
  await until(controller, 'running');
  await assertEcho(await connected(t, port, await echoServer(t)));
});

test('a server that was stopped stays so, whatever the network does', async (t) => {
  const { controller } = make(t, { port: await freePort(t) });
  await controller.start();
  await controller.stop();
  await controller.networkChanged();
  assert.equal(controller.status.state, 'stopped');
});

test('connections are ended from the log, those of earlier runs are not taken for them', async (t) => {
  const port = await freePort(t);
  const { controller, log } = make(t, { port });
  const echo = await echoServer(t);
  await controller.start();
  await assertEcho(await connected(t, port, echo));
  await controller.stop();
  await controller.start();
  const client = await connected(t, port, echo);
  await assertEcho(client);
  const [before, now] = log.watch();
  controller.disconnect([before?.id ?? 0]);
  await assertEcho(client);
  controller.disconnect([now?.id ?? 0]);
  await client.readAll();
});

/** Settings of a server with a listener for the local network. */
async function withLan(t: TestContext): Promise<{ port: number; lanPort: number }> {
  return { port: await freePort(t), lanPort: await freePort(t) };
}

const alice = { name: 'alice', group: '', password: 'secret' };
const lan = { lan: true, lanAddress: ['127.0.0.1'], anonymous: true };

test('the local network is served to who logs in, this computer as its settings say', async (t) => {
  const ports = await withLan(t);
  const { controller, users, network } = make(t, { ...ports, ...lan });
  await controller.start();
  assert.deepEqual(controller.status.listening, [`127.0.0.1:${ports.port}`]);
  assert.deepEqual(controller.status.lanFault, {
    key: 'lan',
    message: 'Nobody could log in from the local network yet: add a user first.',
  });
  await users.add(alice);
  await controller.apply();
  assert.equal(faultOf(controller), undefined);
  const { listening, exposed, endpoints } = controller.status;
  assert.deepEqual(listening, [`127.0.0.1:${ports.port}`, `127.0.0.1:${ports.lanPort}`]);
  assert.deepEqual(exposed, []);
  assert.deepEqual(
    endpoints.map(({ port, lan: isLan }) => [port, isLan]),
    [
      [ports.port, undefined],
      [ports.lanPort, true],
    ],
  );

  const echo = await echoServer(t);
  await assertEcho(await connected(t, ports.port, echo));
  await assert.rejects(connected(t, ports.lanPort, echo));
  assert.notEqual((await login(t, ports.lanPort, 'alice', 'wrong')).status, 0);
  const { client, status } = await login(t, ports.lanPort, 'alice', 'secret');
  assert.equal(status, 0);
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  await assertEcho(client);

  await users.delete('alice');
  network.interfaces = {};
  await controller.apply();
  assert.deepEqual(controller.status.listening, [`127.0.0.1:${ports.port}`]);
  assert.equal(faultOf(controller), 'lan');
});

test('what is wrong with the local network costs that listener only, until it is mended', async (t) => {
  const ports = await withLan(t);
  const taken = await serve(t, () => {});
  const { controller, users, change } = make(t, { ...ports, ...lan, lanPort: taken });
  await users.add(alice);
  await controller.start();
  assert.equal(controller.status.state, 'running');
  assert.equal(controller.status.problem, undefined);
  assert.equal(faultOf(controller), 'lanPort');
  assert.match(controller.status.lanFault?.message ?? '', /address already in use.*\.$/);
  const echo = await echoServer(t);
  await assertEcho(await connected(t, ports.port, echo));

  change({ lanPort: ports.lanPort });
  await controller.apply();
  assert.equal(faultOf(controller), undefined);
  assert.equal((await login(t, ports.lanPort, 'alice', 'secret')).status, 0);

  change({ lanAddress: [NOWHERE] });
  await controller.apply();
  assert.equal(faultOf(controller), 'lanAddress');
  assert.deepEqual(controller.status.listening, [`127.0.0.1:${ports.port}`]);
  change({ lan: false });
  await controller.apply();
  assert.equal(faultOf(controller), undefined);
});

test('an interface that gets its address later is served then', async (t) => {
  const ports = await withLan(t);
  const { controller, users, network } = make(t, { ...ports, ...lan, lanAddress: ['@eth9'] });
  await users.add(alice);
  await controller.start();
  assert.equal(faultOf(controller), 'lanAddress');
  const netmask = { netmask: '255.0.0.0', mac: '', internal: false, cidr: null };
  network.interfaces = { eth9: [{ address: '127.0.0.9', family: 'IPv4', ...netmask }] };
  await controller.networkChanged();
  assert.equal(faultOf(controller), undefined);
  assert.deepEqual(controller.status.listening.slice(1), [`127.0.0.9:${ports.lanPort}`]);
});

test('a certificate that is renewed badly leaves all as it was', async (t) => {
  const ports = await withLan(t);
  const good = certificate({ names: ['127.0.0.1'] });
  const files = {
    lanCertificate: temporaryFile(t, good.cert, 'cert.pem'),
    lanKey: temporaryFile(t, good.key, 'key.pem'),
  };
  const { controller, users } = make(t, { ...ports, ...lan, lanTls: true, ...files });
  await users.add(alice);
  await controller.start();
  assert.equal(faultOf(controller), undefined);
  const [, endpoint] = controller.status.endpoints;
  assert.deepEqual(endpoint?.certificate?.names, ['127.0.0.1']);
  assert.equal(proxyUrl(endpoint ?? assert.fail(), false).split('@')[0], 'https://USER:PASSWORD');

  writeFileSync(files.lanKey, certificate().key);
  await assert.rejects(controller.apply(), /key\.pem/);
  const { listening } = controller.status;
  assert.deepEqual(listening, [`127.0.0.1:${ports.port}`, `127.0.0.1:${ports.lanPort}`]);
});

const question = { user: '', command: 'connect', destination: '127.0.0.1:9' } as const;

test('which way a request would take, whether the server runs or not', async (t) => {
  const { controller, users, upstreams, change } = make(t, { port: await freePort(t) });
  const work = { name: 'work', scheme: 'socks5', host: '192.0.2.1', port: 1080 } as const;
  await upstreams.add({ ...work, user: '', through: '', tlsCa: '', password: '' });
  change({ via: ['*.example=block', '*=work'], request: ['!all:*:25', 'all'] });
  for (const start of [async () => {}, () => controller.start()]) {
    await start();
    const { allowed, via } = await controller.check({ ...question, destination: 'a.com:443' });
    assert.deepEqual([allowed, via?.way], [true, 'work']);
    assert.match(via?.by ?? '', /\*=work/);
    const blocked = await controller.check({ ...question, destination: 'b.example:443' });
    assert.equal(blocked.allowed, false);
    assert.match(blocked.by ?? '', /\*\.example=block/);
    const denied = await controller.check({ ...question, destination: 'a.com:25' });
    assert.equal(denied.allowed, false);
  }
  await assert.rejects(
    controller.check({ ...question, destination: 'a.com' }),
    /expected HOST:PORT/,
  );
  await users.add(alice);
  await controller.apply();
  const answer = await controller.check(question);
  assert.deepEqual([answer.allowed, answer.by], [false, 'clients have to authenticate']);
  assert.equal((await controller.check({ ...question, user: 'alice' })).allowed, true);
  await assert.rejects(controller.check({ ...question, user: 'bob' }), /There is no user "bob"/);
});

test('connections go through an upstream, which is tried with its password', async (t) => {
  const other = make(t, { port: await freePort(t) });
  await other.users.add(alice);
  await other.controller.start();
  const [, upstreamPort = ''] = other.controller.status.listening[0]?.split(':') ?? [];

  const port = await freePort(t);
  const { controller, upstreams, log, change } = make(t, { port, via: ['work'] });
  const work = { name: 'work', scheme: 'socks5', host: '127.0.0.1', user: 'alice' } as const;
  const settings = { ...work, port: Number(upstreamPort), through: '', tlsCa: '' };
  await upstreams.add({ ...settings, password: 'wrong' });
  const refused = await controller.test('work');
  assert.match(refused.works ? '' : refused.problem, /^Upstream work cannot be used: /);
  await upstreams.update({ name: 'work', settings, password: 'secret' });
  const answer = await controller.test('work');
  assert.ok(answer.works && answer.time > 0, JSON.stringify(answer));

  await controller.start();
  await assertEcho(await connected(t, port, await echoServer(t)));
  const [row] = log.watch();
  assert.equal(row?.via, 'work');
  change({ via: [] });
  await controller.apply();
  await assertEcho(await connected(t, port, await echoServer(t)));
  assert.equal(log.watch()[1]?.via, '');
  const gone = await controller.test('nobody');
  assert.match(gone.works ? '' : gone.problem, /nobody/);
});
