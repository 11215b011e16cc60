import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startServer as startTestServer, type TestServer, testSource } from 'picosocks5/testing';
import { certificate } from '../support/certificates.js';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryFile } from '../support/files.js';
import { run } from '../support/programs.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connectTo, login } from '../support/socks.js';
import { type Posted, type Reply, WebService } from '../support/webservice.js';

type Options = NonNullable<Parameters<typeof startTestServer>[0]>;

const PASSWORD = 'corräct "horse" battery';

async function started(t: TestContext, options: Options): Promise<TestServer> {
  const proxy = await startTestServer(options);
  t.after(() => proxy.close());
  return proxy;
}

/** What the server warns of, other than of how busy this machine is. */
async function warning(proxy: TestServer): Promise<string> {
  const { message } = await proxy.event(
    'warning',
    (event) => !event.message.includes('event loop'),
  );
  return message;
}

/** Everything that the server has told, as text. */
function told({ events }: TestServer): string {
  return events.map((event) => JSON.stringify(event)).join('\n');
}

/** Lets nobody in but one user with the right password. */
function onlyAlice({ body }: Posted): Reply {
  const { user, password } = JSON.parse(body);
  if (user !== 'alice') return [403];
  return password === PASSWORD ? [200, '{"group":"staff"}'] : [401];
}

test('a login is asked about once, over one connection', async (t) => {
  const service = await WebService.start(t, onlyAlice);
  const proxy = await started(t, { auth: [`webhook:${service.url}/login?x=1`] });
  const statusOf = async (user: string, password: string) =>
    (await login(t, proxy.port, user, password)).status;
  assert.equal(await statusOf('alice', PASSWORD), 0);
  const [post] = service.posts;
  assert.deepEqual(
    [post?.method, post?.path, post?.headers['content-type']],
    ['POST', '/login?x=1', 'application/json'],
  );
  assert.deepEqual(JSON.parse(post?.body ?? ''), {
    ...{ user: 'alice', password: PASSWORD, client: '127.0.0.1' },
  });
  assert.equal((await proxy.event('authenticated')).group, 'staff');
  assert.equal(await statusOf('alice', PASSWORD), 0);
  assert.equal(service.posts.length, 1, 'what was right is remembered');
  assert.notEqual(await statusOf('alice', 'wrong'), 0);
  assert.notEqual(await statusOf('bob', PASSWORD), 0);
  assert.equal(service.posts.length, 3);
  assert.equal(service.connections, 1);
  const { detail } = await proxy.event('authentication-failed');
  assert.equal(detail, 'wrong user name or password');
  await proxy.server.reload();
  assert.equal(await statusOf('alice', PASSWORD), 0);
  assert.equal(service.posts.length, 4, 'a reload asks anew');
});

test('it is a source as one should be', async (t) => {
  const service = await WebService.start(t, onlyAlice);
  const server = { auth: [`webhook:${service.url}`] };
  const broken = { auth: ['webhook:http://127.0.0.1:1/'] };
  await testSource(t, { server, broken, user: 'alice', password: PASSWORD });
});

test('the limits of a user hold', async (t) => {
  const limits = { connections: 1, perDay: 1_000_000 };
  const service = await WebService.start(t, () => [200, JSON.stringify({ limits })]);
  const echo = await echoServer(t);
  const proxy = await started(t, { auth: [`webhook:${service.url}`] });
  const given = { user: 'alice', password: 'secret' };
  const first = await proxy.connect('127.0.0.1', echo, given);
  assert.equal(first.reply, 0);
  assert.equal((await proxy.connect('127.0.0.1', echo, given)).reply, 2);
  const { reason } = await proxy.event('rejected');
  assert.equal(reason, 'quota-exceeded');
  assert.equal((await proxy.connect('127.0.0.1', echo, { ...given, user: 'bob' })).reply, 0);
});

test('without a cache each login is asked about', async (t) => {
  const service = await WebService.start(t, () => [200]);
  const auth = [`webhook:${service.url}`];
  const proxy = await started(t, { auth, settings: { 'webhook.cache': 0 } });
  for (let i = 0; i < 3; i++) assert.equal((await login(t, proxy.port, 'a', 'b')).status, 0);
  assert.equal(service.posts.length, 3);
  assert.equal((await proxy.event('authenticated')).group, undefined);
});

const failures: [name: string, reply: Reply, trouble: RegExp][] = [
  ['an error', [500], /answered 500$/],
  ['not found', [404], /answered 404$/],
  ['no content', [204], /answered 204$/],
  ['a redirect', [302, '', { location: '/' }], /answered 302, and redirects are not followed$/],
  ['what is no JSON', [200, 'yes'], /answered what is no JSON$/],
  ['JSON that is no object', [200, '["staff"]'], /answered JSON that is no object$/],
  ['a group that is none', [200, '{"group":7}'], /answered a group that is no text$/],
  ['a user that is none', [200, '{"user":""}'], /answered a user that is no text$/],
  ['limits that are none', [200, '{"limits":7}'], /answered limits that are no object$/],
  ['an unknown limit', [200, '{"limits":{"x":1}}'], /answered an unknown limit "x"$/],
  ['a limit of nothing', [200, '{"limits":{"perDay":0}}'], /perDay is no whole number from 1 on$/],
  ['too much', [200, `{"x":"${'x'.repeat(70_000)}"}`], /answered more than 65536 octets$/],
  ['nothing', () => {}, /did not answer within 1 s$/],
  ['an answer that breaks off', (response) => brokenOff(response), /broke its answer off: /],
];

function brokenOff(response: Parameters<Extract<Reply, (...args: never) => void>>[0]): void {
  response.writeHead(200, { 'content-length': 100 });
  response.write('{');
  setImmediate(() => response.destroy());
}

for (const [name, reply, trouble] of failures) {
  test(`who answers with ${name} lets nobody in, and is told of`, async (t) => {
    const service = await WebService.start(t, () => reply);
    const url = service.url.replace('//', '//me:hidden@');
    const settings = name === 'nothing' ? { 'webhook.timeout': 1 } : {};
    const proxy = await started(t, { auth: [`webhook:${url}/login?key=hidden`], settings });
    assert.notEqual((await login(t, proxy.port, 'alice', PASSWORD)).status, 0);
    const { detail } = await proxy.event('authentication-failed');
    assert.equal(detail, 'a source of users failed');
    const message = await warning(proxy);
    const [start = '', end = ''] = message.split(/; the login of "alice" is denied$/);
    assert.equal(end, '');
    assert.ok(start.startsWith(`the source of users "webhook:${service.url}/login?..." failed: `));
    assert.match(start, trouble);
    assert.doesNotMatch(told(proxy), /hidden|horse/);
    const basic = `Basic ${Buffer.from('me:hidden').toString('base64')}`;
    assert.equal(service.posts[0]?.headers.authorization, basic);
    assert.equal(service.posts.length, 1, 'it is not asked again');
  });
}

test('without a connection it is tried again, so many times', async (t) => {
  let resets = 0;
  const broken = createServer((socket) => {
    resets++;
    socket.on('error', () => {}).resetAndDestroy();
  });
  t.after(() => broken.close());
  await once(broken.listen(0, '127.0.0.1'), 'listening');
  const { port } = broken.address() as { port: number };
  const auth = [`webhook:http://127.0.0.1:${port}`];
  const proxy = await started(t, { auth, settings: { 'webhook.retries': 1 } });
  assert.notEqual((await login(t, proxy.port, 'alice', PASSWORD)).status, 0);
  assert.equal(resets, 2);
  assert.match(await warning(proxy), /cannot be asked: /);
});

test('a service that comes back meanwhile is found, also where a connection was kept', async (t) => {
  let isBroken = false;
  const service = await WebService.start(t, (posted) => {
    if (!isBroken) return onlyAlice(posted);
    isBroken = false;
    return (response) => void response.socket?.resetAndDestroy();
  });
  const auth = [`webhook:${service.url}`];
  const settings = { 'webhook.cache': 0, 'webhook.retries': 0 };
  const proxy = await started(t, { auth, settings });
  assert.equal((await login(t, proxy.port, 'alice', PASSWORD)).status, 0);
  isBroken = true;
  assert.equal((await login(t, proxy.port, 'alice', PASSWORD)).status, 0);
  assert.equal(service.posts.length, 3);
});

test('over TLS, by the certificates that are named; a token', async (t) => {
  const ca = certificate({ subject: [['CN', 'Test CA']], isAuthority: true });
  const own = certificate({ names: ['127.0.0.1'], by: ca });
  const service = await WebService.start(t, onlyAlice, own);
  const auth = [`webhook:${service.url}/login`];
  const distrusting = await started(t, { auth });
  assert.notEqual((await login(t, distrusting.port, 'alice', PASSWORD)).status, 0);
  assert.match(await warning(distrusting), /cannot be asked: .*certificate/);
  assert.equal(service.posts.length, 0, 'nothing is sent to whom nobody trusts');
  const settings = {
    'webhook.ca': temporaryFile(t, ca.cert, 'ca.pem'),
    'webhook.token-file': temporaryFile(t, 's3cret-token\n', 'token'),
  };
  const proxy = await started(t, { auth, settings });
  assert.equal((await login(t, proxy.port, 'alice', PASSWORD)).status, 0);
  assert.equal(service.posts[0]?.headers.authorization, 'Bearer s3cret-token');
  assert.doesNotMatch(told(proxy), /s3cret|horse/);
});

const mistakes: [name: string, options: Options, message: RegExp][] = [
  ['no URL', { auth: ['webhook:users'] }, /webhook: expected a URL such as https:/],
  [
    'another scheme',
    { auth: ['webhook:ftp://me:hidden@h/'] },
    /^(?!.*hidden).*webhook: expected a URL such as https:/,
  ],
  [
    'a wrong URL for access',
    { settings: { 'webhook.accessUrl': 'h:hidden' } },
    /^(?!.*hidden).*cannot be activated: webhook\.accessUrl: expected a URL such as/,
  ],
  [
    'a file of certificates that is none',
    { auth: ['webhook:https://h/'], settings: { 'webhook.ca': '/nowhere/ca.pem' } },
    /webhook\.ca: cannot read "\/nowhere\/ca\.pem": no such file/,
  ],
];
for (const [name, options, message] of mistakes) {
  test(`${name} is a mistake`, async () => {
    await assert.rejects(startTestServer(options), ({ message: text }: Error) => {
      assert.match(text, message);
      return true;
    });
  });
}

test('the command shows no password of a URL, and warns of clear text', async (t) => {
  const auth = 'webhook:http://me:hidden@192.0.2.1:9/login';
  const command = new Command(t, ['-a', auth, '-v', 'debug', '127.0.0.1:0']);
  await command.line(
    /passwords go to http:\/\/192\.0\.2\.1:9\/login in clear text; expected https/,
  );
  await command.port();
  await command.stop();
  assert.doesNotMatch(command.lines.join('\n') + command.stdout, /hidden/);
  const { status, stderr } = await run(t, process.execPath, [
    ...[PICOSOCKS5, '-a', 'webhook:http://me:hidden@h h/', '127.0.0.1:0'],
  ]);
  assert.notEqual(status, 0);
  assert.doesNotMatch(stderr, /hidden/);
});

test('each request is asked about: once for all at the same time, and for a while', async (t) => {
  let answer: (reply: Reply) => void = () => {};
  const held = new Promise<Reply>((resolve) => {
    answer = resolve;
  });
  const service = await WebService.start(t, async ({ body }) => {
    if (JSON.parse(body).destination.port === 1) return [403];
    return held;
  });
  const echo = await echoServer(t);
  const proxy = await started(t, { settings: { 'webhook.accessUrl': `${service.url}/access` } });
  const twenty = Array.from({ length: 20 }, () => proxy.connect('127.0.0.1', echo));
  await service.until(({ length }) => length > 0);
  // All of them have got as far as that when each has made its request.
  while (proxy.events.filter(({ type }) => type === 'request').length < 20) {
    await proxy.event('request');
    await new Promise(setImmediate);
  }
  answer([200]);
  for (const { reply } of await Promise.all(twenty)) assert.equal(reply, 0);
  assert.equal(service.posts.length, 1);
  assert.deepEqual(JSON.parse(service.posts[0]?.body ?? ''), {
    ...{ user: null, group: null, client: '127.0.0.1', listener: 'default' },
    ...{ command: 'connect', destination: { host: '127.0.0.1', port: echo } },
  });
  assert.equal((await proxy.connect('127.0.0.1', echo)).reply, 0);
  assert.equal(service.posts.length, 1);
  assert.equal((await proxy.connect('127.0.0.1', 1)).reply, 2);
  const { reason, detail } = await proxy.event('rejected');
  assert.deepEqual([reason, detail], ['not-allowed', `the webhook ${service.url}/access`]);
});

test('a request that cannot be asked about is refused', async (t) => {
  const service = await WebService.start(t, () => [503]);
  const echo = await echoServer(t);
  const proxy = await started(t, { settings: { 'webhook.accessUrl': service.url } });
  assert.equal((await proxy.connect('127.0.0.1', echo)).reply, 2);
  const message = await warning(proxy);
  assert.match(message, /the access policy "webhook" failed, which denies: .* answered 503$/);
  assert.equal((await proxy.connect('127.0.0.1', echo)).reply, 2);
  assert.equal(service.posts.length, 2, 'a failure is not remembered');
});

for (const workers of ['1', '2']) {
  test(`with ${workers} workers: who logs in and where to`, async (t) => {
    const service = await WebService.start(t, (posted) =>
      posted.path === '/login' ? onlyAlice(posted) : [200],
    );
    const port = await freePort(t);
    const ini = `auth = webhook:${service.url}/login
[extension:webhook]
accessUrl = ${service.url}/access
`;
    const file = temporaryFile(t, ini, 'p.ini');
    const args = ['-c', file, '--workers', workers, `127.0.0.1:${port}`];
    const command = new Command(t, args);
    await command.line(/listening/);
    const echo = await echoServer(t);
    for (let i = 0; i < 8; i++) {
      const { client, status } = await login(t, port, 'alice', PASSWORD);
      assert.equal(status, 0);
      assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
      await assertEcho(client);
      client.socket.end();
    }
    assert.notEqual((await login(t, port, 'bob', PASSWORD)).status, 0);
    const asked = service.posts.filter(({ body }) => JSON.parse(body).user === 'alice');
    assert.ok(asked.length <= 2 * Number(workers), 'each process remembers');
    assert.equal(await command.stop(), 0);
  });
}
