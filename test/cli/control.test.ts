import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { routesOf } from '#core/control/routes.js';
import { type Certified, certificate } from '../support/certificates.js';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { type Asking, askControl, type Controlled, startControlled } from '../support/control.js';
import { extension } from '../support/extensions.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { answerSchema, assertValid, description, operationOf } from '../support/openapi.js';
import { run } from '../support/programs.js';
import { type Client, echoServer, freePort, serve } from '../support/sockets.js';
import { assertEcho, connected, connectTo, login } from '../support/socks.js';
import { plainSecret } from '../support/users.js';

const unix = process.platform === 'win32' ? 'no UNIX sockets on Windows' : undefined;

const COMMANDS = {
  contributes: { commands: [{ command: 'ext.say', title: 'Say something' }] },
};
const CODE = `export function activate(context) {
  context.commands.register('ext.say', (...words) => {
    if (words[0] === 'fail') throw new Error('it did');
    return { said: words };
  });
}`;

/** A server with users, limits and an extension, whose configuration can be changed. */
async function startFull(t: TestContext, workers: string) {
  const folder = temporaryDirectory(t);
  const users = join(folder, 'users');
  writeFileSync(users, `alice::${plainSecret('secret')}\nbob::${plainSecret('word')}\n`);
  const file = join(folder, 'picosocks5.ini');
  const own = extension(t, COMMANDS, CODE);
  const configure = (maxconn: number, more = '') => {
    const lines = [
      `auth = ${users}`,
      'anonymous = yes',
      `maxconn = ${maxconn}`,
      `quota-file = ${join(folder, 'quotas')}`,
      `usage-file = ${join(folder, 'usage')}`,
      `extension = ${own}`,
      'max-login-failures = 2',
      'via = 10.0.0.0/8=corp',
      more,
      '[user:alice]',
      'quota-day = 1G',
      'maxconn = 7',
      '[upstream:corp]',
      'url = socks5://me:hidden@192.0.2.1:1080',
    ];
    writeFileSync(file, lines.join('\n'));
  };
  configure(100);
  const controlled = await startControlled(t, ['--workers', workers, '--grace', '0', '-c', file]);
  return { ...controlled, configure, file };
}

async function loggedIn(t: TestContext, port: number, echo: number): Promise<Client> {
  const { client, status } = await login(t, port, 'alice', 'secret');
  assert.equal(status, 0);
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  await assertEcho(client);
  return client;
}

/** Asks, and asserts that the answer is as it is described. */
function checked({ ask }: Pick<Controlled, 'ask'>, asked: Set<string>) {
  return async (method: string, path: string, status: number, asking?: Asking) => {
    const reply = await ask(method, path, asking);
    const [, described = ''] = /^([^?]*)/.exec(path) ?? [];
    const place = described.replace(/^\/v1\/commands\/.*/, '/v1/commands/{id}');
    assert.equal(reply.status, status, `${method} ${path}: ${reply.text}`);
    assertValid(reply.body, answerSchema(method, place, status), `${method} ${path}`);
    asked.add(`${method} ${place}`);
    // biome-ignore lint/suspicious/noExplicitAny: it was held against its description.
    return reply.body as any;
  };
}

const described = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

test('the description has all routes and their parameters, and nothing else', () => {
  const routes = routesOf({} as Parameters<typeof routesOf>[0]);
  assert.deepEqual(
    routes.map(({ method, path }) => `${method} ${path}`).sort(),
    [...described].sort(),
  );
  for (const { method, path, query = {}, body } of routes) {
    const { parameters = [], requestBody } = operationOf(method, path);
    const own = parameters.filter((one) => one.in === 'query');
    assert.deepEqual(own.map(({ name }) => name).sort(), Object.keys(query).sort(), path);
    const facts = (field: object) => {
      const { type, minimum, maximum, enum: words } = field as Record<string, unknown>;
      return { type, minimum, maximum, words };
    };
    for (const { name, schema } of own) {
      assert.deepEqual(facts(schema), facts(query[name] as object), `${path}: ${name}`);
    }
    const [media] = Object.values(requestBody?.content ?? {});
    const properties = media?.schema.properties ?? {};
    assert.deepEqual(Object.keys(properties).sort(), Object.keys(body ?? {}).sort(), path);
    for (const [name, schema] of Object.entries(properties)) {
      assert.deepEqual(facts(schema), facts(body?.[name] as object), `${path}: ${name}`);
    }
    const required = Object.entries(body ?? {}).flatMap(([name, one]) =>
      one.required ? [name] : [],
    );
    assert.deepEqual(media?.schema.required ?? [], required, path);
  }
});

for (const workers of ['1', '2']) {
  test(`every answer is as the description says (${workers} workers)`, {
    skip: unix,
  }, async (t) => {
    const controlled = await startFull(t, workers);
    const { port, path, configure } = controlled;
    assert.equal(statSync(path).mode & 0o777, 0o660);
    const asked = new Set<string>();
    const ask = checked(controlled, asked);
    const echo = await echoServer(t);
    const alice = await loggedIn(t, port, echo);
    const anonymous = [];
    for (let i = 0; i < 4; i++) anonymous.push(await connected(t, port, echo));

    assert.equal((await ask('GET', '/healthz', 200)).status, 'ok');
    const status = await ask('GET', '/v1/status', 200);
    assert.equal(status.workers, workers === '1' ? 0 : 2);
    assert.deepEqual(
      [status.connections.total, status.connections.connect, status.connections.users],
      [5, 5, 1],
    );
    assert.equal(status.connections.up, 4);
    const { listeners } = await ask('GET', '/v1/listeners', 200);
    assert.deepEqual(listeners[0].addresses, [{ host: '127.0.0.1', port }]);

    const list = (query: string) => ask('GET', `/v1/connections?${query}`, 200);
    const all = await list('');
    assert.deepEqual([all.total, all.matching, all.connections.length], [5, 5, 5]);
    assert.equal((await list('user=alice')).matching, 1);
    assert.equal((await list('user=-')).matching, 4);
    assert.equal((await list('client=127.0.0.0/8&command=connect')).matching, 5);
    assert.equal((await list('client=192.0.2.0/24')).matching, 0);
    assert.equal((await list(`destination=1:${echo}&user=-`)).matching, 4);
    const ids = [];
    let page = await list('limit=2');
    for (;;) {
      ids.push(...page.connections.map(({ id }: { id: number }) => id));
      if (page.next === undefined) break;
      page = await list(`limit=2&after=${page.next}`);
    }
    assert.deepEqual(
      ids,
      all.connections.map(({ id }: { id: number }) => id),
    );
    await ask('GET', '/v1/connections?client=nobody', 422);

    const sampled = await samplesUntil(
      path,
      ({ up }) => up === 8,
      () => alice.send('more'),
    );
    for (const sample of sampled) assertValid(sample, answerSchema('GET', '/v1/samples', 200));
    asked.add('GET /v1/samples');
    // One that was taken before it moved anything more has nobody.
    const ups = sampled
      .map(({ moved }) => moved.map(({ up }) => up))
      .filter(({ length }) => length);
    assert.deepEqual(ups, [[4], [8]], 'only who has moved something');
    assert.equal((await alice.read(4)).toString(), 'more');

    const routing = await ask('GET', '/v1/routing', 200);
    assert.deepEqual(
      [routing.authentication, routing.via, routing.upstreams],
      [false, ['10.0.0.0/8=corp'], [{ name: 'corp', url: 'socks5://me:***@192.0.2.1:1080' }]],
    );
    const check = (query: string, status = 200) => ask('GET', `/v1/check?${query}`, status);
    const through = await check('user=alice&command=connect&destination=10.0.0.1:80');
    assert.deepEqual([through.allowed, through.via?.way], [true, 'corp']);
    assert.equal((await check('command=connect&destination=192.0.2.9:80')).via, undefined);
    await check('command=connect&destination=nowhere', 400);
    await check('command=connect&user=nobody&destination=10.0.0.1:80', 422);

    const usage = await ask('GET', '/v1/usage', 200);
    const own = usage.users.find(({ name }: { name: string }) => name === 'alice');
    assert.deepEqual([own.connections, own.up, own.limits.connections], [1, 8, 7]);
    const today = usage.days[0].users.find(({ name }: { name: string }) => name === 'alice');
    assert.deepEqual([today.up, today.down, today.connections], [8, 8, 1]);

    const disconnect = (body: object) => ask('POST', '/v1/disconnect', 200, { body });
    assert.equal((await disconnect({ user: 'alice' })).disconnected, 1);
    await alice.readAll();
    assert.equal(
      (await disconnect({ id: ids.find((id) => id !== undefined) })).disconnected <= 1,
      true,
    );
    await disconnect({ client: '127.0.0.1' });
    for (const client of anonymous) await client.readAll();
    assert.equal((await list('')).total, 0);
    await ask('POST', '/v1/disconnect', 400, { body: {} });

    // A change that can be made, one that cannot, and one that waits for a restart.
    const reload = (body: object, status = 200) => ask('POST', '/v1/reload', status, { body });
    assert.deepEqual((await reload({ dryRun: true })).changes, []);
    configure(200, 'grace = 3');
    const expected = [
      { option: 'grace', before: '0', after: '3', restart: true },
      { option: 'maxconn', before: '100', after: '200', restart: false },
    ];
    const sorted = (changes: { option: string }[]) =>
      changes.sort((a, b) => a.option.localeCompare(b.option));
    const dry = await reload({ dryRun: true });
    assert.deepEqual([dry.reloaded, sorted(dry.changes)], [false, expected]);
    assert.deepEqual(sorted((await reload({ dryRun: true })).changes), expected);
    const done = await reload({});
    assert.deepEqual([done.reloaded, sorted(done.changes)], [true, expected]);
    assert.match(done.warnings.join(), /grace: a change is in force only after a restart/);
    assert.equal((await ask('GET', '/v1/status', 200)).reload.ok, true);
    configure(200, 'auth = /nowhere/users');
    for (const dryRun of [true, false]) {
      const { error } = await reload({ dryRun }, 422);
      assert.match(error.message, /\/nowhere\/users/);
    }
    assert.equal((await ask('GET', '/v1/status', 200)).reload.ok, false);

    const { extensions } = await ask('GET', '/v1/extensions', 200);
    const ours = extensions.find(({ name }: { name: string }) => name === 'picosocks5-ext');
    assert.deepEqual(ours.commands, [{ id: 'ext.say', title: 'Say something' }]);
    const command = (status: number, id: string, ...args: string[]) =>
      ask('POST', `/v1/commands/${id}`, status, { body: { args } });
    assert.deepEqual((await command(200, 'ext.say', 'a', 'b')).result, { said: ['a', 'b'] });
    assert.match((await command(422, 'ext.say', 'fail')).error.message, /it did/);
    assert.match((await command(404, 'ext.sai')).error.message, /did you mean "ext\.say"\?/);

    const level = await ask('PUT', '/v1/log-level', 200, { body: { level: 'debug', seconds: 60 } });
    assert.deepEqual([level.level, level.configured], ['debug', 'info']);
    assert.equal((await ask('GET', '/v1/log-level', 200)).level, 'debug');
    await loggedIn(t, port, echo);
    await controlled.command.line(/debug +authenticated .*user=alice/);
    await ask('PUT', '/v1/log-level', 200, { body: { level: 'configured' } });
    await ask('PUT', '/v1/log-level', 400, { body: { level: 'loud' } });

    const { text } = await controlled.ask('GET', '/v1/events?history=1000&follow=false');
    const lines = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    for (const line of lines) assertValid(line, answerSchema('GET', '/v1/events', 200));
    assert.equal(lines.filter(({ type }) => type === 'closed').length, 5);
    assert.equal(lines.filter(({ type }) => type === 'reloaded').length, 1);
    assert.equal(lines.filter(({ type }) => type === 'error').length, 1);
    asked.add('GET /v1/events');
    // It is tried in replace.test.ts, since it ends the process.
    asked.add('POST /v1/replace');

    await locksOut(t, port, ask);
    assert.deepEqual([...asked].sort(), [...described].sort());
    assert.equal(await controlled.command.stop(), 0);
  });
}

interface Sample {
  readonly moved: readonly { readonly id: number; readonly up: number }[];
  readonly up: number;
}

/** The lines of a stream of samples up to one. @param then what is done after the first. */
async function samplesUntil(
  socketPath: string,
  isLast: (sample: Sample) => boolean,
  then: () => unknown,
): Promise<Sample[]> {
  const asked = get({ socketPath, path: '/v1/samples?connections=true', agent: false });
  const response = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
  response.on('error', () => {});
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const samples: Sample[] = [];
  for (;;) {
    const sample: Sample = JSON.parse((await lines.next()).value);
    if (samples.push(sample) === 1) then();
    if (isLast(sample)) break;
  }
  asked.destroy();
  return samples;
}

/** Locks users out, and lifts that: in all processes. */
async function locksOut(t: TestContext, port: number, ask: ReturnType<typeof checked>) {
  const wrong = async (user: string) => {
    for (const word of ['one', 'two']) await login(t, port, user, word);
  };
  await wrong('alice');
  await wrong('bob');
  const lockouts = async () => {
    const { lockouts: all } = await ask('GET', '/v1/lockouts', 200);
    return all.map(({ user }: { user: string }) => user).sort();
  };
  assert.deepEqual(await lockouts(), ['alice', 'bob']);
  const lift = (body: object, status = 200) => ask('POST', '/v1/lockouts/lift', status, { body });
  assert.equal((await lift({ user: 'alice', address: '192.0.2.1' })).lifted, 0);
  assert.equal((await lift({ user: 'alice', address: '127.0.0.1' })).lifted, 1);
  assert.deepEqual(await lockouts(), ['bob']);
  await lift({}, 400);
  await lift({ all: true, user: 'bob' }, 400);
  for (let i = 0; i < 8; i++) {
    assert.equal((await login(t, port, 'alice', 'secret')).status, 0);
  }
  assert.notEqual((await login(t, port, 'bob', 'word')).status, 0);
  assert.equal((await lift({ all: true })).lifted, 1);
  assert.equal((await login(t, port, 'bob', 'word')).status, 0);
}

for (const workers of ['1', '2']) {
  test(`events are told as they happen, those of debug too (${workers} workers)`, {
    skip: unix,
  }, async (t) => {
    const { path, port, command } = await startControlled(t, [
      '--workers',
      workers,
      '--grace',
      '0',
    ]);
    const request = get({ socketPath: path, path: '/v1/events?level=debug', agent: false });
    const response = await new Promise<import('node:http').IncomingMessage>((resolve) => {
      request.once('response', resolve);
    });
    response.on('error', () => {});
    const lines = createInterface({ input: response })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value);
    const echo = await echoServer(t);
    const seen = new Set<string>();
    const reading = (async () => {
      while (!['closed', 'established', 'request'].every((type) => seen.has(type)))
        seen.add((await next()).type);
    })();
    // Workers are told that somebody looks; the first connections may come before that.
    let isRead = false;
    void reading.then(() => {
      isRead = true;
    });
    while (!isRead) {
      const client = await connected(t, port, echo);
      client.socket.end();
      await client.readAll();
    }
    request.destroy();
    assert.equal(await command.stop(), 0);
  });
}

test('at a TCP port a token is needed, and no name but its own leads there', {
  skip: unix,
}, async (t) => {
  const control = await freePort(t);
  const token = temporaryFile(t, '0123456789abcdef\n', 'token');
  const start = (...args: string[]) =>
    run(t, process.execPath, [
      PICOSOCKS5,
      '--control',
      `127.0.0.1:${control}`,
      ...args,
      '127.0.0.1:0',
    ]);
  assert.match((await start()).stderr, /--control at a TCP port needs --control-token FILE/);
  chmodSync(token, 0o644);
  const open = await start('--control-token', token);
  assert.deepEqual([open.status, /others can read/.test(open.stderr)], [1, true]);
  chmodSync(token, 0o600);
  const place = ['--control', `127.0.0.1:${control}`, '--control-token', token];
  const command = new Command(t, [...place, '127.0.0.1:0']);
  await command.line(/listening/);
  const good = { port: control, headers: { authorization: 'Bearer 0123456789abcdef' } };
  while ((await askControl('GET', '/healthz', good).catch(() => undefined)) === undefined);
  assert.equal((await askControl('GET', '/v1/status', good)).status, 200);
  assert.equal((await askControl('GET', '/v1/status', { port: control })).status, 401);
  const rebound = { ...good, headers: { ...good.headers, host: `evil.example:${control}` } };
  assert.equal((await askControl('GET', '/v1/status', rebound)).status, 421);
  const status = await run(t, process.execPath, [PICOSOCKS5, 'status', ...place]);
  assert.match(status.stdout, /^PicoSOCKS5 \S+: serving\n/);
  assert.equal(await command.stop(), 0);
});

test('with TLS it may be at any address: who comes sees the certificate first, then shows the token', async (t) => {
  const port = await freePort(t);
  const folder = temporaryDirectory(t);
  const token = temporaryFile(t, '0123456789abcdef\n', 'token');
  chmodSync(token, 0o600);
  const [first, second] = [certificate(), certificate()];
  const [cert, key, other] = ['cert', 'key', 'other'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const show = (shown: Certified) => {
    writeFileSync(cert, shown.cert);
    writeFileSync(key, shown.key, { mode: 0o600 });
  };
  show(first);
  const former = join(folder, 'former');
  writeFileSync(former, first.cert);
  writeFileSync(other, second.cert);
  const place = ['--control', `tls:0.0.0.0:${port}`, '--control-token', token];
  const start = (...args: string[]) =>
    run(t, process.execPath, [PICOSOCKS5, ...args, '127.0.0.1:0']);
  assert.match((await start(...place)).stderr, /--control tls: needs --tls-cert FILE/);
  assert.match((await start(...place.slice(0, 2))).stderr, /needs --control-token FILE/);
  const files = ['--tls-cert', cert, '--tls-key', key];
  const command = new Command(t, [...place, ...files, '127.0.0.1:0']);
  await command.line(/listening/);
  const status = (...args: string[]) =>
    run(t, process.execPath, [PICOSOCKS5, 'status', ...place.slice(0, 2), ...args]);
  const good = ['--control-token', token, '--tls-cert', cert];
  assert.match((await until(() => status(...good))).stdout, /^PicoSOCKS5 \S+: serving\n/);
  const stranger = temporaryFile(t, 'fedcba9876543210\n', 'token');
  chmodSync(stranger, 0o600);
  const failures = [
    [
      ['--control-token', stranger, '--tls-cert', cert],
      /wants another token than that in ".*token"; expected --control-token FILE/,
    ],
    [['--tls-cert', cert], /wants a token; expected --control-token FILE/],
    [['--control-token', token, '--tls-cert', other], /shows another certificate than the one in/],
    [
      ['--control-token', token],
      /the server at tls:0\.0\.0\.0:\d+ shows a certificate that nobody vouches for \(self-signed/,
    ],
  ] as const;
  for (const [args, expected] of failures) {
    const { status: code, stderr } = await status(...args);
    assert.match(stderr, expected);
    assert.notEqual(code, 0);
  }
  // What is not such a server is not one that does not answer.
  const strangers = [
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
      '',
      /answers at \S+ is no control interface/,
    ],
    [
      'HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nhi',
      '',
      /answers at \S+ is no control interface/,
    ],
    ['SSH-2.0-x\r\n', '', /answers at \S+ is no control interface/],
    [
      'HTTP/1.1 400 No\r\n\r\n',
      'tls:',
      /^\S+ status: the server at tls:\S+ does not speak TLS [^\n]*\n$/,
    ],
  ] as const;
  for (const [answer, scheme, expected] of strangers) {
    const impostor = await serve(t, (socket) => {
      socket.on('error', () => {}).once('data', () => socket.end(answer));
    });
    const asked = ['--control', `${scheme}127.0.0.1:${impostor}`, '--control-token', token];
    const { status: code, stderr } = await run(t, process.execPath, [
      PICOSOCKS5,
      'status',
      ...asked,
    ]);
    assert.match(stderr, expected);
    assert.equal(code, 1);
  }
  // A certificate that was renewed is shown from the next reload on.
  show(second);
  const reload = (shown: string) =>
    run(t, process.execPath, [PICOSOCKS5, 'reload', ...place, '--tls-cert', shown]);
  assert.equal((await reload(former)).status, 0);
  const renewed = ['--control-token', token, '--tls-cert', other];
  assert.equal((await until(() => status(...renewed))).status, 0);
  writeFileSync(key, first.key, { mode: 0o600 });
  await reload(other);
  await command.line(/does not fit the certificate.*keeps the certificate that it has/);
  assert.equal((await status(...renewed)).status, 0);
  assert.doesNotMatch(command.lines.join('\n'), /not in force/);
  const ended = await command.stop();
  if (process.platform !== 'win32') assert.equal(ended, 0);
});

/** Asks until it is answered with success. */
async function until(ask: () => ReturnType<typeof run>): ReturnType<typeof run> {
  for (let i = 0; ; i++) {
    const output = await ask();
    if (output.status === 0 || i === 20) return output;
  }
}

test('its socket is of the user that the server runs as', {
  skip: process.getuid?.() === 0 ? undefined : 'needs root',
}, async (t) => {
  const { path, ask, command } = await startControlled(t, ['--user', 'nobody']);
  const { uid, gid, mode } = statSync(path);
  const of = async (flag: string) => Number((await run(t, 'id', [flag, 'nobody'])).stdout);
  assert.deepEqual([uid, gid, mode & 0o777], [await of('-u'), await of('-g'), 0o660]);
  assert.equal((await ask('GET', '/v1/status')).status, 200);
  assert.equal(await command.stop(), 0);
});

test('the commands speak to a server', { skip: unix }, async (t) => {
  const controlled = await startFull(t, '1');
  const { port, picosocks5, configure, command, path, file } = controlled;
  const echo = await echoServer(t);
  const client = await loggedIn(t, port, echo);
  const said = async (expected: RegExp, ...args: string[]) => {
    const { status, stdout, stderr } = await picosocks5(...args);
    assert.match(stdout, expected, stderr);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    return stdout;
  };
  const failed = async (status: number, expected: RegExp, ...args: string[]) => {
    const output = await picosocks5(...args);
    assert.match(output.stderr, expected);
    assert.equal(output.status, status, args.join(' '));
  };
  const [, listed] = await Promise.all([
    said(
      /: serving\n[\s\S]*Listening: 127\.0\.0\.1:\d+\n[\s\S]*Connections: 1 \(1 connect\), 1 user, 4 up/,
      'status',
    ),
    said(/"total": 1/, 'connections', '--json', 'user=alice'),
    said(
      /^ID +USER [\s\S]*\n +\d+ {2}alice +127\.0\.0\.1:\d+ +connect +127\.0\.0\.1:\d+ +- +4 +4 +\d+s\n$/,
      'connections',
    ),
    said(/^ID [^\n]*\n$/, 'connections', 'user=bob'),
    said(/alice +1\/7 +4 +4 +\d+ +1\.0G/, 'usage'),
    said(/^DAY +USER .*\n\d{4}-\d\d-\d\d +alice +1 +4 +4\n$/, 'usage', '--days', '7'),
    said(/^nobody is locked out\n$/, 'lockouts'),
    said(/^ext\.say +picosocks5-ext +Say something$/m, 'run'),
    said(/"said": \[\s*"a"/, 'run', 'ext.say', 'a'),
    failed(1, /connections: "x=y": expected id=/, 'connections', 'x=y'),
    failed(1, /connections: "user=y": user stands there twice/, 'connections', 'user=x', 'user=y'),
    ...['status', 'usage', 'log', 'reload'].map((name) =>
      failed(1, /: expected no argument; --help says more/, name, 'x'),
    ),
    failed(1, /disconnect: expected ID, user=NAME/, 'disconnect'),
    failed(1, /disconnect: there is no such connection/, 'disconnect', 'user=bob'),
    failed(1, /unknown option --jsn; did you mean --json\?/, 'status', '--jsn'),
    failed(1, /lockouts: there is no such lockout/, 'lockouts', 'lift', 'user=bob'),
  ]);
  const json = JSON.parse(listed);
  assertValid(json, answerSchema('GET', '/v1/connections', 200));
  configure(300);
  await said(/^would be reloaded: .*\n[\s\S]*maxconn: 100 -> 300\n/, 'reload', '--dry-run');
  await said(/^reloaded: [\s\S]*maxconn: 100 -> 300\n/, 'reload');
  configure(300, 'nonsense = 1');
  await failed(1, /reload: nothing was reloaded: .*picosocks5\.ini:9: unknown parameter/, 'reload');
  configure(300, `control = unix:${path}`);
  await Promise.all([
    run(t, process.execPath, [PICOSOCKS5, 'status', '-c', file]).then(({ status }) =>
      assert.equal(status, 0),
    ),
    said(/notice reloaded\n/, 'log'),
    said(/^debug until .*, then info\n$/, 'loglevel', 'debug', '5'),
    said(/^1 connection ended\n$/, 'disconnect', String(json.connections[0].id)),
  ]);
  await client.readAll();
  assert.equal(await command.stop(), 0);
  await Promise.all([
    failed(3, /no server answers at unix:.*: no such file or directory/, 'status'),
    failed(1, /no server answers/, 'reload'),
  ]);
});

test('log --follow goes on until its reader has enough', { skip: unix }, async (t) => {
  const { picosocks5, port, path, command } = await startControlled(t);
  const follow = new Command(t, ['log', '--follow', '--level', 'debug'], {
    PICOSOCKS5_CONTROL: `unix:${path}`,
  });
  const told = new Promise<void>((resolve) => {
    follow.child.stdout?.on('data', () => /closed #/.test(follow.stdout) && resolve());
  });
  const echo = await echoServer(t);
  while (!/closed #/.test(follow.stdout)) {
    const client = await connected(t, port, echo);
    client.socket.end();
    await client.readAll();
  }
  await told;
  assert.match(follow.stdout, /^\S+Z info +closed #\d+ client=127\.0\.0\.1:\d+ /m);
  const { stdout } = await picosocks5('log', '-n', '1', '--json');
  assert.equal(JSON.parse(stdout).type, 'closed');
  assert.equal(await command.stop(), 0);
  assert.equal(
    follow.child.exitCode ?? (await new Promise((r) => follow.child.once('close', r))),
    0,
  );
});

test('a server without --control loads nothing of it', () => {
  const loaded = new Set<string>();
  const load = (file: URL) => {
    if (loaded.has(file.href)) return;
    loaded.add(file.href);
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(
      /^(?:import|export)\b(?:[^'";]*?\bfrom )?['"]([^'"]+)['"]/gms,
    )) {
      if (name.startsWith('.')) load(new URL(name, file));
      else loaded.add(name);
    }
  };
  for (const name of ['main', 'serve']) {
    load(new URL(`../../../core/dist/cli/${name}.js`, import.meta.url));
  }
  const all = [...loaded].join('\n');
  assert.match(all, /cli\/serve\.js$/m);
  assert.doesNotMatch(all, /\/control\//);
});
