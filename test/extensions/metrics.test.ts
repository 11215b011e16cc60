import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ServerEvent } from 'picosocks5';
import { startServer as startTestServer, type TestServer } from 'picosocks5/testing';
import { temporaryDirectory } from '../support/files.js';
import { run, unless } from '../support/programs.js';
import { parseExposition, type Sample, total } from '../support/prometheus.js';
import { Client, echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

type Options = NonNullable<Parameters<typeof startTestServer>[0]>;

interface Metered extends TestServer {
  readonly metrics: number;
}

/** A server with the extension, on a port that the system has chosen. */
async function metered(t: TestContext, options: Options = {}): Promise<Metered> {
  const settings = { 'metrics.listen': '127.0.0.1:0', ...options.settings };
  const proxy = await startTestServer({ ...options, settings });
  t.after(() => proxy.close());
  return Object.assign(proxy, { metrics: await portOf(proxy) });
}

/** Whether a warning is about the settings, and not about how busy this machine is. */
const isSetting = ({ message }: { readonly message: string }) => message.includes('metrics.listen');

/** The port that the extension says it listens at, the last time that it did. */
async function portOf(proxy: TestServer): Promise<number> {
  const says = (event: ServerEvent) =>
    event.type === 'info' ? /metrics at .*:(\d+)$/.exec(event.message)?.[1] : undefined;
  await proxy.event('info', (event) => says(event) !== undefined);
  return Number(proxy.events.map(says).findLast((port) => port !== undefined));
}

interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Asks for a page at a port, or at a UNIX socket. */
async function ask(
  at: number | string,
  path = '/metrics',
  { method = 'GET', headers = {}, body = '' } = {},
): Promise<Page> {
  const where = typeof at === 'number' ? { host: '127.0.0.1', port: at } : { socketPath: at };
  const asked = httpRequest({ ...where, path, method, headers, agent: false }).end(body);
  const [response] = await once(asked, 'response');
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return { status: response.statusCode, headers: response.headers, text };
}

async function scrape(at: number | string): Promise<Sample[]> {
  const { status, text } = await ask(at);
  assert.equal(status, 200);
  return parseExposition(text);
}

test('connections by listener, dialect, command, reason; bytes; spans', async (t) => {
  const proxy = await metered(t);
  const echo = await echoServer(t);
  const client = await connected(t, proxy.port, echo);
  await assertEcho(client, 'hello');
  const during = await scrape(proxy.metrics);
  const ours = { listener: 'default', dialect: 'socks5', command: 'connect' };
  assert.equal(total(during, 'picosocks5_connections_opened_total', { listener: 'default' }), 1);
  assert.equal(total(during, 'picosocks5_connections_active', ours), 1);
  assert.equal(total(during, 'picosocks5_connections_total'), 0);
  assert.equal(total(during, 'picosocks5_bytes_total', { direction: 'up' }), 5);
  client.socket.end();
  await proxy.event('closed');
  const { reply } = await proxy.connect('127.0.0.1', await freePort(t));
  assert.equal(reply, 5);
  await proxy.event('closed', ({ reason }) => reason === 'unreachable');
  const after = await scrape(proxy.metrics);
  assert.equal(total(after, 'picosocks5_connections_active'), 0);
  const finished = { ...ours, reason: 'finished' };
  assert.equal(total(after, 'picosocks5_connections_total', finished), 1);
  assert.equal(total(after, 'picosocks5_connections_total', { reason: 'unreachable' }), 1);
  assert.equal(total(after, 'picosocks5_refusals_total', { ...ours, reason: 'unreachable' }), 1);
  assert.equal(total(after, 'picosocks5_bytes_total', { direction: 'up' }), 5);
  assert.equal(total(after, 'picosocks5_bytes_total', { direction: 'down' }), 5);
  assert.equal(total(after, 'picosocks5_handshake_duration_seconds_count'), 2);
  const dials = 'picosocks5_dial_duration_seconds_count';
  assert.equal(total(after, dials, { via: 'direct', outcome: 'established' }), 1);
  assert.equal(total(after, dials, { outcome: 'failed' }), 1);
  const spent = total(after, 'picosocks5_handshake_duration_seconds_sum');
  assert.ok(spent > 0 && spent < 5, `${spent} s`);
});

test('refusals by reason, by group; failed logins and lockouts', async (t) => {
  const auth = [passwordFile(t, `alice:staff:${plainSecret('secret')}`)];
  const proxy = await metered(t, {
    auth,
    maxLoginFailures: 2,
    request: ['!connect:127.0.0.9', 'all'],
  });
  for (const word of ['a', 'a', 'b', 'c']) {
    assert.notEqual((await login(t, proxy.port, 'alice', word, '127.0.0.2')).status, 0);
  }
  const given = { user: 'alice', password: 'secret' };
  assert.equal((await proxy.connect('127.0.0.9', 9, given)).reply, 2);
  await proxy.event('closed', ({ reason }) => reason === 'not-allowed');
  const samples = await scrape(proxy.metrics);
  const causes = ['wrong', 'repeated', 'locked'].map((cause) =>
    total(samples, 'picosocks5_login_failures_total', { cause, method: 'userpass' }),
  );
  assert.deepEqual(causes, [2, 1, 1]);
  assert.equal(total(samples, 'picosocks5_lockouts_total'), 1);
  assert.equal(total(samples, 'picosocks5_refusals_total', { reason: 'not-allowed' }), 1);
  const ended = { group: 'staff', reason: 'not-allowed' };
  assert.equal(total(samples, 'picosocks5_connections_total', ended), 1);
});

test('the process: CPU, memory, descriptors, the lag of its event loop', async (t) => {
  const { metrics } = await metered(t);
  const samples = await scrape(metrics);
  assert.equal(total(samples, 'picosocks5_processes'), 1);
  assert.ok(total(samples, 'process_cpu_seconds_total') > 0.01);
  assert.ok(total(samples, 'process_resident_memory_bytes') > 10 * 1024 * 1024);
  const start = total(samples, 'process_start_time_seconds');
  assert.ok(Math.abs(Date.now() / 1000 - process.uptime() - start) < 5);
  if (process.platform !== 'linux') return;
  const open = total(samples, 'process_open_fds');
  assert.ok(open >= 5 && open <= total(samples, 'process_max_fds'), `${open}`);
});

test('nobody is named who is not asked for, and then not too many', async (t) => {
  const users = ['alice', 'bob', 'carol', 'dave'];
  const lines = users.map((user) => `${user}:staff:${plainSecret('secret')}`);
  const auth = [passwordFile(t, ...lines)];
  const proxy = await metered(t, { auth });
  const echo = await echoServer(t);
  const all = async () => {
    for (const user of users) {
      const before = proxy.events.length;
      const { socket } = await proxy.connect('127.0.0.1', echo, { user, password: 'secret' });
      socket.end('x').resume();
      await proxy.event('closed', (event) => proxy.events.indexOf(event) >= before);
    }
  };
  await all();
  const { text } = await ask(proxy.metrics);
  assert.doesNotMatch(text, /alice|carol|127\.0\.0\.1|localhost/);
  const settings = {
    ...{ 'metrics.listen': '127.0.0.1:0', 'metrics.labelValues': 2 },
    'metrics.labels': ['user', 'destination'],
  };
  const options = { listen: [`127.0.0.1:${proxy.port}`], auth };
  await proxy.server.reload({ ...options, settings });
  await all();
  const samples = await scrape(proxy.metrics);
  const ended = (user: string) =>
    total(samples, 'picosocks5_connections_total', { user, destination: '127.0.0.1' });
  assert.deepEqual([...users, 'other'].map(ended), [1, 1, 0, 0, 2]);
  assert.equal(total(samples, 'picosocks5_bytes_total', { user: 'alice', direction: 'up' }), 1);
  assert.equal(total(samples, 'picosocks5_connections_total'), 8, 'all are counted');
  await proxy.server.reload({ ...options, settings: { 'metrics.listen': '127.0.0.1:0' } });
  const later = await ask(proxy.metrics);
  assert.doesNotMatch(
    later.text,
    /alice|carol/,
    'they are forgotten when they are asked for no more',
  );
  const sum = total(parseExposition(later.text), 'picosocks5_connections_total');
  assert.equal(sum, 8);
});

test('promtool finds nothing to mend', { skip: unless('promtool') }, async (t) => {
  const proxy = await metered(t, { settings: { 'metrics.labels': ['user', 'destination'] } });
  const client = await connected(t, proxy.port, await echoServer(t));
  await assertEcho(client);
  const { text } = await ask(proxy.metrics);
  const { status, stdout, stderr } = await run(t, 'promtool', ['check', 'metrics'], {
    input: text,
  });
  assert.equal(stdout + stderr, '');
  assert.equal(status, 0);
});

test('OpenMetrics for who asks for it', async (t) => {
  const { metrics } = await metered(t);
  const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
  const { headers, text } = await ask(metrics, '/metrics', { headers: { accept } });
  assert.match(String(headers['content-type']), /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(text, /^# TYPE picosocks5_lockouts counter$/m);
  assert.match(text, /^picosocks5_lockouts_total 0$/m);
  assert.ok(text.endsWith('\n# EOF\n'));
  parseExposition(text);
  const plain = await ask(metrics, '/metrics?x=1', { headers: { accept: 'text/html, */*;q=0.1' } });
  assert.equal(plain.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(plain.text, /^# TYPE picosocks5_lockouts_total counter$/m);
});

test('GET and HEAD, and nothing else', async (t) => {
  const { metrics } = await metered(t);
  assert.deepEqual(await ask(metrics, '/healthz').then(({ status, text }) => [status, text]), [
    200,
    'ok\n',
  ]);
  const head = await ask(metrics, '/metrics', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.ok(Number(head.headers['content-length']) > 1000);
  assert.equal((await ask(metrics, '/')).status, 404);
  assert.equal((await ask(metrics, '/__proto__')).status, 404);
  const post = await ask(metrics, '/metrics', { method: 'POST', body: 'x' });
  assert.deepEqual([post.status, post.headers['allow']], [405, 'GET, HEAD']);
  assert.equal(post.headers['connection'], 'close', 'what it sends is not waited for');
});

test('a head that is too long, and a client that says nothing, are ended', async (t) => {
  const { metrics } = await metered(t);
  const long = await ask(metrics, '/metrics', { headers: { x: 'x'.repeat(9000) } });
  assert.equal(long.status, 431);
  const slow = (await Client.connect(t, metrics)).send('GET /metrics HTTP/1.1\r\n');
  assert.match((await slow.readAll()).toString(), /^HTTP\/1\.1 408 /);
});

test('a reload moves it without a loss, and one that cannot be changes nothing', async (t) => {
  const proxy = await metered(t);
  const client = await connected(t, proxy.port, await echoServer(t));
  await assertEcho(client);
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const listen = [`127.0.0.1:${proxy.port}`];
  const at = (address: string) =>
    proxy.server.reload({ listen, settings: { 'metrics.listen': address } });
  await assert.rejects(
    at(`127.0.0.1:${port}`),
    /"picosocks5-metrics" does not take its settings: metrics\.listen: cannot listen at 127\.0\.0\.1:\d+: another program listens there/,
  );
  assert.equal(total(await scrape(proxy.metrics), 'picosocks5_bytes_total'), 8);
  const path = join(temporaryDirectory(t), 'metrics.sock');
  await at(`unix:${path}`);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  const moved = await scrape(path);
  assert.equal(total(moved, 'picosocks5_connections_opened_total'), 1);
  assert.equal(total(moved, 'picosocks5_bytes_total'), 8);
  await assert.rejects(ask(proxy.metrics), { code: 'ECONNREFUSED' });
  await assertEcho(client);
  assert.equal(total(await scrape(path), 'picosocks5_bytes_total'), 16);
});

test('a socket that is left over is taken, and a file is not', async (t) => {
  const folder = temporaryDirectory(t);
  const path = join(folder, 'left.sock');
  const left = await run(t, process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  assert.equal(left.status, null);
  const proxy = await startTestServer({ settings: { 'metrics.listen': `unix:${path}` } });
  t.after(() => proxy.close());
  assert.equal((await ask(path, '/healthz')).status, 200);
  const file = join(folder, 'file');
  writeFileSync(file, 'mine');
  mkdirSync(join(folder, 'other'));
  const second = await startTestServer({ settings: { 'metrics.listen': `unix:${file}` } });
  t.after(() => second.close());
  await second.event('warning', ({ message }) =>
    message.includes(`cannot be activated: metrics.listen: cannot listen at unix:${file}: another`),
  );
});

test('beyond loopback it is warned of', async (t) => {
  const proxy = await metered(t, { settings: { 'metrics.listen': '0.0.0.0:0' } });
  const { message } = await proxy.event('warning', isSetting);
  assert.match(
    message,
    /metrics\.listen: whoever reaches 0\.0\.0\.0:\d+ reads the metrics, which no/,
  );
  assert.equal((await ask(proxy.metrics)).status, 200);
});

for (const [text, words] of [
  ['9100', /metrics\.listen: expected a text like ADDRESS:PORT|metrics\.listen: .*ADDRESS:PORT/],
  ['127.0.0.1:99999', /metrics\.listen: expected ADDRESS:PORT with a port of at most 65535/],
] as const) {
  test(`metrics.listen = ${text} is a mistake`, async (t) => {
    const started = startTestServer({ settings: { 'metrics.listen': text } });
    const proxy = await started.catch((error: Error) => error);
    if (proxy instanceof Error) assert.match(proxy.message, words);
    else {
      t.after(() => proxy.close());
      assert.match((await proxy.event('warning', isSetting)).message, words);
    }
  });
}

test('while it stops it says so', async (t) => {
  const proxy = await metered(t);
  const client = await connected(t, proxy.port, await echoServer(t));
  const closed = proxy.server.close(60);
  const { status, text } = await ask(proxy.metrics, '/healthz');
  assert.deepEqual([status, text], [503, 'stopping\n']);
  await assertEcho(client);
  client.socket.end();
  await closed;
  await assert.rejects(ask(proxy.metrics, '/healthz'), { code: 'ECONNREFUSED' });
});
