import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startServer as startTestServer, type TestServer } from 'picosocks5/testing';
import { Command } from '../support/command.js';
import { temporaryFile } from '../support/files.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';
import { type Posted, type Reply, WebService } from '../support/webservice.js';

interface Told {
  readonly type: string;
  readonly id?: number;
}

function eventsOf(posts: readonly Posted[]): Told[] {
  return posts.flatMap(({ body }) => {
    assert.ok(body.endsWith('\n'));
    return body
      .slice(0, -1)
      .split('\n')
      .map((line) => JSON.parse(line));
  });
}

const quick = { 'webhook.eventsInterval': 0.05 };

async function started(
  t: TestContext,
  service: WebService,
  settings: NonNullable<Parameters<typeof startTestServer>[0]>['settings'] = quick,
): Promise<TestServer> {
  const proxy = await startTestServer({
    settings: { 'webhook.eventsUrl': `${service.url}/events`, ...settings },
  });
  t.after(() => proxy.close());
  return proxy;
}

/** One connection from its beginning to its end. */
async function visit(t: TestContext, proxy: TestServer, echo: number): Promise<void> {
  const count = proxy.events.filter(({ type }) => type === 'closed').length;
  const client = await connected(t, proxy.port, echo);
  await assertEcho(client);
  client.socket.end();
  while (proxy.events.filter(({ type }) => type === 'closed').length === count) {
    await new Promise(setImmediate);
  }
}

test('events in order, as lines of JSON; the rest when it ends', async (t) => {
  const service = await WebService.start(t, () => [200]);
  const proxy = await started(t, service, { 'webhook.eventsInterval': 3600 });
  const echo = await echoServer(t);
  await visit(t, proxy, echo);
  assert.equal(service.posts.length, 0, 'it is gathered');
  await proxy.close();
  const [post] = service.posts;
  assert.deepEqual(
    [service.posts.length, post?.path, post?.headers['content-type']],
    [1, '/events', 'application/x-ndjson'],
  );
  // A busy machine may be warned of as well.
  const events = eventsOf(service.posts).filter(({ type }) => type !== 'warning');
  const types = events.map(({ type }) => type);
  assert.deepEqual(types, ['listening', 'authenticated', 'request', 'closed', 'stopped']);
  const { type, ...closed } = events[3] as Told & Record<string, unknown>;
  assert.deepEqual([type, closed['up'], closed['reason']], ['closed', 4, 'finished']);
});

test('batches have no more than so many, and those that are full do not wait', async (t) => {
  const service = await WebService.start(t, () => [204]);
  const settings = { 'webhook.eventsInterval': 3600, 'webhook.eventsBatch': 2 };
  const proxy = await started(t, service, { ...settings, 'webhook.events': ['request', 'closed'] });
  const echo = await echoServer(t);
  for (let i = 0; i < 5; i++) await visit(t, proxy, echo);
  await service.until((posts) => eventsOf(posts).length === 10);
  for (const post of service.posts) assert.equal(eventsOf([post]).length, 2);
  const ids = eventsOf(service.posts).map(({ id }) => id);
  assert.deepEqual(ids, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
});

test('what is not taken is posted again as it was, with the same key', async (t) => {
  const replies: Reply[] = [
    [500],
    [429, '', { 'retry-after': '0' }],
    (response) => void response.socket?.destroy(),
  ];
  const service = await WebService.start(t, () => replies.shift() ?? [200]);
  const proxy = await started(t, service, { ...quick, 'webhook.events': ['closed'] });
  const echo = await echoServer(t);
  await visit(t, proxy, echo);
  await service.until(({ length }) => length >= 2);
  await visit(t, proxy, echo);
  await service.until((posts) => posts.length >= 5);
  const [first, ...rest] = service.posts;
  const same = rest.slice(0, 3);
  for (const post of same) assert.equal(post.body, first?.body);
  const keys = service.posts.map(({ headers }) => headers['idempotency-key']);
  assert.equal(new Set(keys.slice(0, 4)).size, 1);
  assert.equal(new Set(keys).size, 2);
  assert.deepEqual(
    eventsOf(service.posts.slice(3)).map(({ id }) => id),
    [1, 2],
  );
});

test('what is refused is dropped, and told', async (t) => {
  let isRight = false;
  const service = await WebService.start(t, () => (isRight ? [200] : [400]));
  const proxy = await started(t, service, { ...quick, 'webhook.events': ['closed'] });
  const echo = await echoServer(t);
  await visit(t, proxy, echo);
  await service.until(({ length }) => length === 1);
  isRight = true;
  await visit(t, proxy, echo);
  await service.until(({ length }) => length === 2);
  assert.deepEqual(
    eventsOf(service.posts).map(({ id }) => id),
    [1, 2],
  );
  const { message } = await proxy.event('warning', (one) => one.message.includes('dropped'));
  assert.equal(message, `webhook: 1 event was dropped: ${service.url}/events answered 400`);
});

test('what there is no room for is dropped, and told with the number in the end', async (t) => {
  const service = await WebService.start(t, () => [503]);
  const settings = { ...quick, 'webhook.eventsQueue': 100, 'webhook.events': ['connection'] };
  const proxy = await started(t, service, settings);
  const echo = await echoServer(t);
  for (let i = 0; i < 130; i++) (await connected(t, proxy.port, echo)).socket.destroy();
  await service.until(({ length }) => length > 0);
  const before = performance.now();
  await proxy.close();
  assert.ok(performance.now() - before < 10_000, 'it ends in time');
  const dropped = proxy.events.map((event) =>
    event.type === 'warning'
      ? /^webhook: (\d+) events? (?:was|were) dropped: /.exec(event.message)?.[1]
      : '',
  );
  assert.equal(
    dropped.reduce((sum, count) => sum + Number(count ?? 0), 0),
    130,
  );
});

test('a service that does not answer is told of, and holds up nothing', async (t) => {
  const service = await WebService.start(t, () => () => {});
  const proxy = await started(t, service, { ...quick, 'webhook.events': ['closed'] });
  const echo = await echoServer(t);
  await visit(t, proxy, echo);
  await service.until(({ length }) => length > 0);
  await visit(t, proxy, echo);
  await proxy.close();
  const { message } = await proxy.event('warning', ({ message: text }) => text.includes('dropped'));
  assert.match(message, /^webhook: 2 events were dropped: .*was not waited for any longer$/);
});

test('a reload with other settings loses nothing and tells nothing twice', async (t) => {
  const service = await WebService.start(t, () => [200]);
  const slow = { 'webhook.eventsInterval': 3600, 'webhook.events': ['closed'] };
  const proxy = await started(t, service, slow);
  const echo = await echoServer(t);
  await visit(t, proxy, echo);
  const settings = { 'webhook.eventsUrl': `${service.url}/others`, 'webhook.events': ['closed'] };
  await proxy.server.reload({ listen: [`127.0.0.1:${proxy.port}`], settings });
  assert.deepEqual(
    eventsOf(service.posts).map(({ id }) => id),
    [1],
  );
  await visit(t, proxy, echo);
  await proxy.close();
  assert.deepEqual(
    service.posts.map((post) => [post.path, ...eventsOf([post]).map(({ id }) => id)]),
    [
      ['/events', 1],
      ['/others', 2],
    ],
  );
});

for (const workers of ['1', '2']) {
  test(`with ${workers} workers all of them tell, to the last`, async (t) => {
    const service = await WebService.start(t, () => [200]);
    const port = await freePort(t);
    const ini = `[extension:webhook]
eventsUrl = ${service.url}
eventsInterval = 3600
`;
    const args = ['-c', temporaryFile(t, ini, 'p.ini'), '--workers', workers, `127.0.0.1:${port}`];
    const command = new Command(t, args);
    await command.line(/listening/);
    const echo = await echoServer(t);
    for (let i = 0; i < 20; i++) {
      const client = await connected(t, port, echo);
      await assertEcho(client);
      client.socket.end();
      await client.closed();
    }
    assert.equal(await command.stop(), 0);
    const events = eventsOf(service.posts);
    const closed = events.flatMap(({ type, id }) => (type === 'closed' ? [id] : []));
    assert.equal(new Set(closed).size, 20);
    assert.equal(closed.length, 20);
    assert.equal(events.filter(({ type }) => type === 'listening').length, 1);
  });
}
