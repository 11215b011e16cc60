import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { ServerStatus, SettingValues } from '#main/ipc/contract.js';
import { ConnectionLog } from '#main/proxy/connectionlog.js';
import { ServerController } from '#main/proxy/controller.js';
import type { Interfaces } from '#main/proxy/endpoints.js';
import { Traffic } from '#main/proxy/traffic.js';
import { DEFAULTS } from '#main/settings/values.js';
import type { Keychain } from '#main/users/keychain.js';
import { DesktopUsers } from '#main/users/users.js';
import { echoServer, freePort, serve } from '../../../support/sockets.js';
import { assertEcho, connected } from '../../../support/socks.js';

/** An address that no machine has (RFC 5737). */
const NOWHERE = '192.0.2.77';

function make(t: TestContext, values: Partial<SettingValues>) {
  const settings = { values: { ...DEFAULTS, ...values } };
  const keychain = { set: async () => {}, delete: async () => {}, get: async () => undefined };
  const users = new DesktopUsers({ users: [] }, keychain as unknown as Keychain);
  const network: { interfaces: Interfaces } = { interfaces: {} };
  const log = new ConnectionLog();
  const controller = new ServerController({
    settings,
    users,
    log,
    traffic: new Traffic(),
    sinks: [],
    interfaces: () => network.interfaces,
  });
  t.after(() => controller.stop());
  const change = (more: Partial<SettingValues>) => {
    settings.values = { ...settings.values, ...more };
  };
  return { controller, users, network, log, change };
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
