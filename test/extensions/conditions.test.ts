import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { monotonic, type ServerOptions } from 'picosocks5';
import { Command } from '../support/command.js';
import { sha256, webServer } from '../support/http.js';
import { run, unless } from '../support/programs.js';
import { startServer, type TestServer } from '../support/server.js';
import { type Client, echoServer, peerServer, serve } from '../support/sockets.js';
import { address, assertEcho, connected, domain, request } from '../support/socks.js';

type Settings = NonNullable<ServerOptions['settings']>;

/** A server with such a network behind it. */
function withNetwork(
  t: TestContext,
  settings: Settings,
  options: ServerOptions = {},
): Promise<TestServer> {
  return startServer(t, { settings: { 'conditions.preset': 'none', ...settings }, ...options });
}

/** How long something takes, ms. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const since = monotonic();
  await work();
  return monotonic() - since;
}

/** The time until something is echoed. */
function echoTime(client: Client): Promise<number> {
  return timeOf(() => assertEcho(client));
}

/** Asserts that nothing makes an echo slow, whatever a busy machine does to some of them. */
async function assertFast(client: Client): Promise<void> {
  const times: number[] = [];
  while (Math.min(...times) >= 250) {
    assert.ok(times.length < 10, `${times} ms`);
    times.push(await echoTime(client));
  }
}

describe('delay and jitter', () => {
  test('curl: connecting and an answer take so much longer', {
    skip: unless('curl'),
  }, async (t) => {
    const { port } = await withNetwork(t, { 'conditions.delay': 200 });
    const { url } = await webServer(t, { '/': 'hello' });
    const { stdout } = await run(t, 'curl', [
      ...['-sS', '--noproxy', '', '-x', `socks5h://127.0.0.1:${port}`, url],
      ...['-w', ' %{time_pretransfer} %{time_starttransfer}'],
    ]);
    const [text, connecting, first] = stdout.split(' ');
    assert.equal(text, 'hello');
    // Of HTTP over SOCKS the way is there before the request is sent.
    assert.ok(Number(connecting) >= 0.2, stdout);
    assert.ok(Number(first) - Number(connecting) >= 0.198, stdout);
    assert.ok(Number(first) < 3, stdout);
  });

  test('order and data stay, each side ends by itself', async (t) => {
    const { port } = await withNetwork(t, { 'conditions.delay': 10, 'conditions.jitter': 40 });
    const data = randomBytes(3_000_000);
    const client = await connected(t, port, await echoServer(t));
    client.send(data).socket.end();
    assert.equal(sha256(await client.readAll()), sha256(data));
    const { port: far, peer } = await peerServer(t);
    const second = await connected(t, port, far);
    const remote = await peer;
    remote.send('bye').socket.end();
    assert.equal((await second.readAll()).toString(), 'bye');
    second.send('still here').socket.end();
    assert.equal((await remote.readAll()).toString(), 'still here');
  });

  test('many at once do not wait for each other', async (t) => {
    const { port } = await withNetwork(t, { 'conditions.delay': 200 });
    const echo = await echoServer(t);
    const time = await timeOf(() =>
      Promise.all(
        Array.from({ length: 20 }, async () => assertEcho(await connected(t, port, echo))),
      ),
    );
    assert.ok(time >= 399 && time < 4000, `${time} ms`);
  });

  test('who leaves while it connects is not waited for', async (t) => {
    const { port, event } = await withNetwork(
      t,
      { 'conditions.delay': 60_000 },
      { connectTimeout: 0.2 },
    );
    const { reply } = await request(t, port, 1, address('127.0.0.1', 9));
    assert.equal(reply.reply, 6);
    assert.equal((await event('rejected')).reason, 'unreachable');
  });
});

describe('rate', () => {
  const RATE = 400 * 1024;
  const settings = { 'conditions.rate': '400K' };

  test('down: data comes so fast, and no faster', async (t) => {
    const { port } = await withNetwork(t, settings);
    const data = randomBytes(200_000);
    const far = await serve(t, (socket) => socket.end(data));
    // Some of it may be there before the client knows that it is connected.
    const time = await timeOf(async () => {
      const client = await connected(t, port, far);
      assert.deepEqual(await client.readAll(), data);
    });
    const expected = (data.length / RATE) * 1000;
    assert.ok(time > expected * 0.85 && time < expected * 8, `${time} ms of ${expected}`);
  });

  test('up: the same, and who sends is held back', async (t) => {
    const { port } = await withNetwork(t, settings);
    const { port: far, peer } = await peerServer(t);
    const client = await connected(t, port, far);
    const data = randomBytes(200_000);
    const remote = await peer;
    const time = await timeOf(async () => {
      client.send(data).socket.end();
      assert.deepEqual(await remote.readAll(), data);
    });
    const expected = (data.length / RATE) * 1000;
    assert.ok(time > expected * 0.85 && time < expected * 8, `${time} ms of ${expected}`);
  });

  test('all share it, in turn', async (t) => {
    const { port } = await withNetwork(t, settings);
    const [large, small] = [randomBytes(2_000_000), randomBytes(20_000)];
    const far = await serve(t, (socket) => socket.end(large));
    const near = await serve(t, (socket) => socket.end(small));
    const first = await connected(t, port, far);
    await first.read(10_000);
    const time = await timeOf(async () => {
      const second = await connected(t, port, near);
      assert.deepEqual(await second.readAll(), small);
    });
    // Behind the large one it would take almost five seconds.
    assert.ok(time < 4000, `${time} ms`);
    const expected = ((small.length * 2) / RATE) * 1000;
    assert.ok(time > expected * 0.5, `${time} ms`);
  });
});

describe('loss', () => {
  test('so many are refused or reset, and the others are whole', async (t) => {
    const { port } = await withNetwork(t, { 'conditions.loss': 40 });
    const echo = await echoServer(t);
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, async () => {
        const { client, reply } = await request(t, port, 1, address('127.0.0.1', echo));
        if (reply.reply !== 0) return reply.reply === 5 ? 'refused' : `reply ${reply.reply}`;
        return assertEcho(client).then(
          () => 'whole',
          () => client.error?.code ?? 'ended',
        );
      }),
    );
    const count = (what: string) => outcomes.filter((one) => one === what).length;
    const [refused, reset] = [count('refused'), count('ECONNRESET')];
    assert.equal(refused + reset + count('whole'), 300, [...new Set(outcomes)].join());
    // Five standard deviations, so that it does not fail by chance.
    assert.ok(refused > 27 && refused < 93, `${refused} refused`);
    assert.ok(reset > 27 && reset < 93, `${reset} reset`);
  });

  test('offline: nothing gets through, and curl says so', { skip: unless('curl') }, async (t) => {
    const { port, event } = await withNetwork(t, { 'conditions.preset': 'offline' });
    const { url } = await webServer(t, { '/': 'hello' });
    const args = ['-sS', '--noproxy', '', '-x', `socks5h://127.0.0.1:${port}`, url];
    const { status, stderr } = await run(t, 'curl', args);
    assert.equal(status, 97);
    assert.match(stderr, /\(3\)/);
    assert.equal((await event('rejected')).detail, 'network conditions: offline');
  });
});

describe('which connections it is about', () => {
  test('those to chosen destinations: names, networks, ports', async (t) => {
    const [echo, other] = [await echoServer(t), await echoServer(t)];
    const ask = async (port: number, destination: Uint8Array) =>
      (await request(t, port, 1, destination)).reply.reply;
    const offline = { 'conditions.preset': 'offline' };
    const byName = await withNetwork(t, { ...offline, 'conditions.destinations': ['localhost'] });
    assert.equal(await ask(byName.port, domain('LOCALHOST.', echo)), 3);
    assert.equal(await ask(byName.port, address('127.0.0.1', echo)), 0);
    const byNetwork = await withNetwork(t, {
      ...offline,
      'conditions.destinations': ['192.0.2.0/24', `127.0.0.0/8:${echo}`],
    });
    assert.equal(await ask(byNetwork.port, domain('localhost', echo)), 3);
    assert.equal(await ask(byNetwork.port, address('127.0.0.1', echo)), 3);
    assert.equal(await ask(byNetwork.port, address('127.0.0.1', other)), 0);
  });

  test('also by a way that a rule says', async (t) => {
    const next = await startServer(t);
    const via = [`socks5://127.0.0.1:${next.port}`];
    const { port, event } = await withNetwork(t, { 'conditions.delay': 100 }, { via });
    const client = await connected(t, port, await echoServer(t));
    assert.ok((await echoTime(client)) >= 99);
    assert.equal((await event('established')).via, `socks5://127.0.0.1:${next.port}`);
    await next.event('established');
    // What the upstream says is still what the client is told.
    const { reply } = await request(t, port, 1, domain('nowhere.invalid', 80));
    assert.equal(reply.reply, 4);
  });

  test('it is no way that a rule can lead to, and mistakes are told', async (t) => {
    const start = (settings: Settings, via: string[] = []) => withNetwork(t, settings, { via });
    await assert.rejects(start({}, ['conditions']), /"conditions"/);
    await assert.rejects(start({ 'conditions.destinations': ['a b'] }), /"a b" is no destination/);
    await assert.rejects(start({ 'conditions.rate': 'fast' }), /conditions\.rate: .*64K/);
    await assert.rejects(start({ 'conditions.loss': 101 }), /conditions\.loss: .*100/);
    await assert.rejects(start({ 'conditions.preset': '5G' }), /conditions\.preset: .*slow 3G/);
  });
});

describe('switching', () => {
  test('a command is in force at once, also for what is open', async (t) => {
    const { server, port } = await withNetwork(t, {});
    const echo = await echoServer(t);
    const client = await connected(t, port, echo);
    await assertFast(client);
    const said = await server.runCommand('conditions.3g');
    assert.equal(said, '3G: 300 ms and up to 50 more, 200K/s');
    assert.ok((await echoTime(client)) >= 299);
    await server.runCommand('conditions.use', 'None');
    await assertFast(client);
    await assert.rejects(server.runCommand('conditions.use', '5G'), /no preset "5G"; expected one/);
    await server.runCommand('conditions.offline');
    await client.closed();
    assert.equal(client.error?.code, 'ECONNRESET');
    const { reply } = await request(t, port, 1, address('127.0.0.1', echo));
    assert.equal(reply.reply, 3);
    await server.runCommand('conditions.none');
    await assertEcho(await connected(t, port, echo));
  });

  test('what was open before it ran goes as well when nothing gets through', async (t) => {
    const { server, port } = await startServer(t, { extensions: ['metrics'] });
    const client = await connected(t, port, await echoServer(t));
    await server.runCommand('conditions.offline');
    await client.closed();
  });

  test('each preset has a command in the tray', async (t) => {
    const { server } = await withNetwork(t, {});
    const own = server.commands.filter(({ id }) => id.startsWith('conditions.'));
    const tray = own.filter((one) => one.tray).map(({ id }) => id);
    assert.equal(tray.length, 8);
    for (const id of tray) {
      assert.equal(typeof (await server.runCommand(id)), 'string', id);
    }
  });

  test('the views show what it is, and switch', async (t) => {
    const { server } = await withNetwork(t, {});
    const changed = new Set<string>();
    const both = new Promise<void>((resolve) => {
      server.onViewChange((id) => changed.add(id).size === 2 && resolve());
    });
    const now = async () => {
      const view = await server.viewContent('conditions.presets');
      assert.ok(view?.kind === 'table');
      const row = view.rows.find(({ cells }) => cells.at(-1) === 'yes');
      return { row, action: view.rowActions?.[0]?.command };
    };
    const { row, action } = await now();
    assert.deepEqual([row?.id, action], ['none', 'conditions.use']);
    await server.viewContent('conditions.status');
    await server.runCommand('conditions.use', 'flaky');
    assert.deepEqual((await now()).row?.cells, ['flaky', 100, 400, '-', 10, 'yes']);
    const status = await server.viewContent('conditions.status');
    assert.ok(status?.kind === 'status');
    assert.deepEqual([status.text, status.severity], ['Network: flaky', 'warning']);
    await both;
    assert.deepEqual([...changed].sort(), ['conditions.presets', 'conditions.status']);
  });

  test('so are changed settings, which count in place of the preset', async (t) => {
    const options = { listen: ['127.0.0.1:0'] };
    const settings = { 'conditions.preset': 'offline', 'conditions.loss': 0 };
    const { server, port } = await withNetwork(t, settings, options);
    const client = await connected(t, port, await echoServer(t));
    await server.reload({ ...options, settings: { ...settings, 'conditions.delay': 300 } });
    assert.ok((await echoTime(client)) >= 299);
    await server.reload(options);
    // It is gone: what it has slowed goes on.
    await assertEcho(client);
    await assertEcho(await connected(t, port, await echoServer(t)));
  });

  test('with workers all have the same network', async (t) => {
    const args = ['--workers', '2', '--set', 'conditions.delay=200', '127.0.0.1:0'];
    const port = await new Command(t, args).port();
    const echo = await echoServer(t);
    const clients = await Promise.all(Array.from({ length: 8 }, () => connected(t, port, echo)));
    for (const time of await Promise.all(clients.map(echoTime))) assert.ok(time >= 199, `${time}`);
  });
});
