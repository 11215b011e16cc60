import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ServerOptions } from 'picosocks5';
import { temporaryFile } from '../support/files.js';
import { PYTHON, Realm, unlessKerberos } from '../support/kerberos.js';
import { type Output, run, start } from '../support/programs.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, peerServer, port16, serve } from '../support/sockets.js';
import { UdpPeer } from '../support/udp.js';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'core/extensions/gssapi');
const program = join(root, 'test/support/gssclient.py');
const skip = unlessKerberos();
/** Started only where the tests are not skipped. */
const realm = skip === undefined ? await Realm.start({ after }) : (undefined as never);
const alice = skip === undefined ? await realm.ticket('alice') : {};

const [clear, integrity, confidentiality] = ['clear', 'integrity', 'confidentiality'];

/** A server whose users have tickets. */
function serveTickets(t: TestContext, settings = {}, options: ServerOptions = {}) {
  return startServer(t, {
    extensions: [folder],
    auth: ['gssapi:'],
    settings: { 'gssapi.keytab': realm.keytab, ...settings },
    ...options,
  });
}

/** Runs a client. @param words what it is told. */
function client(
  t: TestContext,
  port: number,
  words: readonly (string | number)[],
  { input = '', env = alice } = {},
): Promise<Output> {
  return run(t, PYTHON, [program, `${port}`, ...words.map(String)], { env, input });
}

/** Hands connections on to a port, and keeps what it sees. */
async function tap(t: TestContext, port: number) {
  const seen: Buffer[] = [];
  const own = await serve(t, (socket) => {
    const onward = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onward.on('error', () => socket.destroy());
    for (const side of [socket, onward]) side.on('data', (chunk: Buffer) => seen.push(chunk));
    socket.pipe(onward).pipe(socket);
  });
  return { port: own, seen: () => Buffer.concat(seen).toString('latin1') };
}

for (const [asked, levels, level, readable] of [
  ['0', [clear], 0, true],
  ['2', [clear], 0, true],
  ['1', [integrity, confidentiality], 1, true],
  ['2', [integrity, confidentiality], 2, false],
  ['3', [integrity, confidentiality], 2, false],
  ['0', [integrity, confidentiality], 1, true],
  ['1', [confidentiality], 2, false],
  ['2', [integrity], 1, true],
  ['2n', [integrity, confidentiality], 2, false],
  ['0n', [clear], 0, true],
] as const) {
  test(`who asks for ${asked} where ${levels} is granted gets ${level}`, { skip }, async (t) => {
    const { port, event } = await serveTickets(t, { 'gssapi.levels': levels });
    const tapped = await tap(t, port);
    const echo = await echoServer(t);
    const words = [asked, 'connect', '127.0.0.1', echo];
    const { stdout, stderr } = await client(t, tapped.port, words, { input: 'a marker in it' });
    assert.deepEqual([stdout, stderr], ['a marker in it', `level ${level}\n`]);
    const { user, method, up, down, reason } = await event('closed');
    assert.deepEqual([user, method], ['alice@EXAMPLE.ORG', 'gssapi']);
    assert.deepEqual([up, down, reason], [14, 14, 'finished'], 'plain octets');
    const seen = tapped.seen();
    assert.equal(seen.includes('a marker in it'), readable);
    // The request, and both BND.ADDR of the replies.
    assert.equal(
      seen.includes(`\x05\x01\x00\x01\x7f\x00\x00\x01${port16(echo).toString('latin1')}`),
      readable,
    );
    assert.equal(seen.includes('\x05\x00\x00\x01\x7f\x00\x00\x01'), readable);
  });
}

test('32 MiB arrive as they were sent, encrypted', { skip }, async (t) => {
  const { port, event } = await serveTickets(t);
  const data = randomBytes(32 * 1024 * 1024);
  const source = await serve(t, (socket) => socket.end(data));
  const { stdout } = await client(t, port, ['2', 'fetch', '127.0.0.1', source, data.length]);
  assert.equal(stdout.split(' ')[0], createHash('sha256').update(data).digest('hex'));
  const { down } = await event('closed');
  assert.equal(down, data.length);
});

test('data of both ways at once, of any length', { skip }, async (t) => {
  const { port } = await serveTickets(t);
  const echo = await echoServer(t);
  const input = randomBytes(3_000_001).toString('hex');
  const { stdout } = await client(t, port, ['2', 'connect', '127.0.0.1', echo], { input });
  assert.ok(stdout === input);
});

test('a client that does not read stops the remote host', { skip }, async (t) => {
  const { port } = await serveTickets(t);
  const { port: remote, peer } = await peerServer(t);
  const args = [program, `${port}`, '2', 'connect', '127.0.0.1', `${remote}`];
  const child = start(t, PYTHON, args, { env: alice, stdio: ['pipe', 'pipe', 'inherit'] });
  const { socket } = await peer;
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  const total = 64;
  let taken = 0;
  const write = () => {
    if (taken < total) socket.write(chunk, () => write());
    else socket.end();
    taken++;
  };
  write();
  for (let before = -1; before !== taken; ) {
    before = taken;
    await sleep(100);
  }
  assert.ok(taken < total / 2, `${taken} MiB are taken that nobody reads`);
  let read = 0;
  for await (const part of child.stdout ?? []) read += (part as Buffer).length;
  assert.equal(read, total * chunk.length);
});

test('BIND answers twice, and its data is protected', { skip }, async (t) => {
  const { port } = await serveTickets(t, {}, { bind: ['127.0.0.1'] });
  const tapped = await tap(t, port);
  const args = [program, `${tapped.port}`, '2', 'bind'];
  const child = start(t, PYTHON, args, { env: alice, stdio: ['pipe', 'pipe', 'inherit'] });
  const out: AsyncIterator<Buffer> = (child.stdout as NodeJS.ReadableStream)[
    Symbol.asyncIterator
  ]() as never;
  const bound = Number((await out.next()).value);
  const peer = await Client.connect(t, bound);
  child.stdin?.end('from the client');
  assert.equal((await peer.readAll()).toString(), 'from the client');
  peer.send('from the peer').socket.end();
  let text = '';
  for await (const part of { [Symbol.asyncIterator]: () => out }) text += part;
  assert.equal(text.trim(), 'from the peer');
  assert.ok(!tapped.seen().includes('from the'));
});

for (const level of ['0', '1', '2']) {
  test(`datagrams at level ${level}; what comes twice, or bare, is dropped`, {
    skip,
  }, async (t) => {
    const levels = level === '0' ? [clear] : [integrity, confidentiality];
    const { port, event } = await serveTickets(t, { 'gssapi.levels': levels });
    const echo = await UdpPeer.echo(t);
    // The one before again, and one that is not protected.
    const texts = level === '0' ? ['one', 'two'] : ['one', '!', '?', 'two'];
    const words = [level, 'associate', '127.0.0.1', echo.port, ...texts];
    const { stdout } = await client(t, port, words);
    assert.equal(stdout, 'one\ntwo\n');
    assert.equal((await echo.receive()).data.toString(), 'one');
    const { up, down, dropped } = await event('closed');
    assert.deepEqual([up, down, dropped], [6, 6, level === '0' ? 0 : 2]);
  });
}

for (const [how, words] of [
  ['altered', /A token had an invalid (MIC|Message Integrity Check)/],
  ['twice', /a frame came twice, late, or after one that is missing/],
  ['missing', /a frame came twice, late, or after one that is missing/],
  ['bare', /a frame is not encrypted, as was agreed/],
  ['truncated', /the connection ended within a frame/],
  ['type', /MTYP is 2 where MTYP 3 is expected/],
  ['version', /VER of a frame is 5/],
  ['empty', /a token is empty/],
  ['oversize', /[Ii]nvalid token|defective/],
  ['plain', /VER of a frame is 71/],
  ['abort', /the client gave up/],
] as const) {
  test(`data that is ${how} ends the connection, with a line`, { skip }, async (t) => {
    const { port, event, events, server } = await serveTickets(t);
    const got: string[] = [];
    const remote = await serve(t, (socket) => {
      socket.on('data', (chunk) => {
        got.push(chunk.toString());
        socket.write(chunk);
      });
    });
    const { stdout } = await client(t, port, ['2', 'spoil', how, '127.0.0.1', remote]);
    assert.equal(stdout, 'reset\n');
    await event('closed');
    const lines = events.flatMap((one) => (one.type === 'warning' ? [one.message] : []));
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(String(lines[0]), words);
    assert.match(String(lines[0]), /alice@EXAMPLE\.ORG from 127\.0\.0\.1/);
    assert.ok(!got.join('').startsWith('rightwrongwrong'));
    assert.equal(server.connections().length, 0);
  });
}

/** Greets, and sends a first token. */
async function offer(t: TestContext, port: number, token: Uint8Array): Promise<Client> {
  const one = await Client.connect(t, port);
  one.send(5, 1, 1);
  assert.deepEqual(await one.read(2), bytes(5, 1));
  return one.send(1, 1, port16(token.length), token);
}

async function firstToken(t: TestContext, env: NodeJS.ProcessEnv): Promise<Buffer> {
  const { stdout } = await run(t, PYTHON, [program, 'token'], { env });
  return Buffer.from(stdout.trim(), 'hex');
}

test('a token that is none, in the words of the library', { skip }, async (t) => {
  const { port, event } = await serveTickets(t);
  for (const [token, words] of [
    [Buffer.alloc(0), /^a token is empty$/],
    [Buffer.from('nonsense'), /^the library fails, and does not say why/],
    [Buffer.alloc(65535, 0x60), /^Invalid token was supplied$/],
  ] as const) {
    const one = await offer(t, port, token);
    assert.deepEqual(await one.readAll(), bytes(1, 0xff));
    one.socket.end();
    await event('authentication-failed', ({ detail }) => words.test(detail));
  }
});

test('what is no frame is refused as one', { skip }, async (t) => {
  const { port, event } = await serveTickets(t);
  for (const octets of [bytes(2, 1, 0, 1, 7), bytes(1, 2, 0, 1, 7), bytes(1, 0xff)]) {
    const one = await Client.connect(t, port);
    one.send(5, 1, 1, octets);
    assert.deepEqual(await one.readAll(), bytes(5, 1, 1, 0xff));
    one.socket.end();
  }
  assert.match((await event('rejected')).detail, /VER of a frame is 2/);
});

test('a token that was used before', { skip }, async (t) => {
  const { port, event } = await serveTickets(t);
  const token = await firstToken(t, alice);
  const first = await offer(t, port, token);
  assert.deepEqual(await first.read(2), bytes(1, 1));
  const second = await offer(t, port, token);
  assert.deepEqual(await second.readAll(), bytes(1, 0xff));
  assert.match((await event('authentication-failed')).detail, /replay/i);
});

test('a ticket that has expired', { skip }, async (t) => {
  const before = process.env['KRB5_CONFIG'];
  t.after(() => {
    process.env['KRB5_CONFIG'] = before;
  });
  let token: Buffer = Buffer.alloc(0);
  // On a busy machine it may have expired before it is used.
  while (token.length === 0) token = await firstToken(t, await realm.ticket('brief', '1s'));
  await sleep(2500);
  process.env['KRB5_CONFIG'] = realm.strictConfig();
  const { port, event } = await serveTickets(t);
  const one = await offer(t, port, token);
  assert.deepEqual(await one.readAll(), bytes(1, 0xff));
  assert.match((await event('authentication-failed')).detail, /expired|Clock skew/i);
});

test('a ticket for a service that the keytab has no key of; any that it has serves', {
  skip,
}, async (t) => {
  await realm.admin('addprinc -randkey other/localhost');
  await realm.admin('addprinc -randkey socks/localhost');
  await realm.admin(`ktadd -k ${realm.keytab} socks/localhost`);
  const { port, event } = await serveTickets(t);
  const words = ['2', 'login', 1];
  const ask = (service: string) =>
    client(t, port, words, { env: { ...alice, GSS_SERVICE: `${service}@localhost` } });
  assert.equal((await ask('socks')).status, 0);
  assert.match((await ask('other')).stderr, /the server gave up: 1 255/);
  assert.match((await event('authentication-failed')).detail, /key|isn't for us/i);
});

test('realms strip and demand, rules and a file say the groups', { skip }, async (t) => {
  const file = temporaryFile(t, '# groups\n\nbob@EXAMPLE.ORG=staff\n');
  const [bob, admin] = [await realm.ticket('bob'), await realm.ticket('bob/admin')];
  const settings = {
    'gssapi.realms': ['EXAMPLE.ORG'],
    'gssapi.groups': ['*/admin@EXAMPLE.ORG=admins'],
    'gssapi.groups-file': file,
  };
  const { port, event, server, events } = await serveTickets(t, settings);
  const login = async (env: NodeJS.ProcessEnv) => {
    const from = events.length;
    await client(t, port, ['1', 'login', 1], { env });
    const found = await event('authenticated', (one) => events.indexOf(one) >= from);
    return [found.user, found.group];
  };
  assert.deepEqual(await login(bob), ['bob', 'staff']);
  assert.deepEqual(await login(admin), ['bob/admin', 'admins']);
  assert.deepEqual(await login(alice), ['alice', undefined]);
  writeFileSync(file, 'a*@EXAMPLE.ORG=others\n');
  assert.deepEqual(await login(alice), ['alice', 'others']);
  writeFileSync(file, 'nonsense\n');
  assert.deepEqual(await login(alice), ['alice', 'others'], 'as it was');
  assert.match((await event('warning')).message, /file:1: expected PRINCIPAL=GROUP/);
  const to = { host: '127.0.0.1', port: 1 };
  assert.equal((await server.check('alice', 'connect', to)).group, 'others');

  const other = await serveTickets(t, { 'gssapi.realms': ['@OTHER.ORG'] });
  const { stderr } = await client(t, other.port, ['1', 'login', 1]);
  assert.match(stderr, /the server gave up: 1 255/);
  const { user, detail } = await other.event('authentication-failed');
  assert.deepEqual(
    [user, detail],
    ['alice@EXAMPLE.ORG', 'the realm EXAMPLE.ORG is none of gssapi.realms'],
  );
});

test('who comes without a ticket is not let in', { skip }, async (t) => {
  const { port } = await serveTickets(t);
  const one = await Client.connect(t, port);
  one.send(5, 1, 0);
  assert.deepEqual(await one.readAll(), bytes(5, 0xff));
});

for (const [what, settings, message] of [
  [
    'a keytab that is not there',
    { 'gssapi.keytab': '/nowhere' },
    /the keytab "\/nowhere" cannot be used: .*\/nowhere/,
  ],
  ['no level', { 'gssapi.levels': [] }, /gssapi\.levels is empty/],
  ['a level that is none', { 'gssapi.levels': ['strong'] }, /strong/],
  [
    'a file of groups that is not there',
    { 'gssapi.groups-file': '/nowhere' },
    /cannot read the file of groups "\/nowhere"/,
  ],
] as const) {
  test(`${what} is one sentence`, { skip }, async (t) => {
    await assert.rejects(serveTickets(t, settings), { name: 'UserError', message });
  });
}

/** Why curl cannot be tried: before 8 it forgets between two reads that it may use GSS-API. */
function curlTrouble(): string | undefined {
  const { stdout } = spawnSync('curl', ['--version'], { encoding: 'utf8' });
  const version = /^curl (\d+)/.exec(stdout ?? '')?.[1];
  if (version === undefined) return 'not installed: curl';
  if (!/GSS-API/.test(stdout)) return 'curl is built without GSS-API';
  return Number(version) < 8 ? `curl ${version} forgets that it may use GSS-API` : undefined;
}

for (const option of ['--socks5-gssapi', '--socks5-gssapi-nec']) {
  test(`curl ${option} is served where clear is granted`, {
    skip: skip ?? curlTrouble(),
  }, async (t) => {
    const { port } = await serveTickets(t, { 'gssapi.levels': [clear] });
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';
    const web = await serve(t, (socket) => socket.once('data', () => socket.end(answer)));
    const args = ['-sS', '--socks5-gssapi', option, '--socks5', `localhost:${port}`];
    const { stdout, stderr } = await run(t, 'curl', [...args, `http://127.0.0.1:${web}/`], {
      env: alice,
    });
    assert.deepEqual([stdout, stderr], ['hello', '']);
  });
}

test('a keytab without the service that clients ask for deserves a warning', {
  skip,
}, async (t) => {
  const { event } = await serveTickets(t, { 'gssapi.service': 'http' });
  assert.match((await event('warning')).message, /has no principal http\/HOST/);
});

for (const [what, hook, message] of [
  [
    'library',
    'withoutlibraries',
    /libgssapi_krb5\.so\.2 cannot be loaded .*package libgssapi-krb5-2 of Debian/,
  ],
  [
    'package koffi',
    'withoutkoffi',
    /koffi, .*is not installed \("npm install koffi" beside picosocks5\)/,
  ],
] as const) {
  test(`without the ${what} the server does not start, and says which it needs`, async (t) => {
    const imported = new URL(`../support/${hook}.js`, import.meta.url).href;
    const bin = join(root, 'core/bin/picosocks5.cjs');
    const quiet = '--disable-warning=DEP0205';
    const args = [
      quiet,
      '--import',
      imported,
      bin,
      '--extension',
      folder,
      '-a',
      'gssapi:',
      '127.0.0.1:0',
    ];
    const { status, stderr } = await run(t, process.execPath, args);
    assert.notEqual(status, 0);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
}

/** What is allocated beside the heap of JavaScript, octets: mallinfo(3), once what can be is collected. */
async function allocated(): Promise<number> {
  const { load, struct } = await import('koffi');
  const names = ['arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks', 'uordblks'];
  const info = struct(
    Object.fromEntries([...names, 'fordblks', 'keepcost'].map((name) => [name, 'size_t'])),
  );
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { uordblks, hblkhd } = load('libc.so.6').func('mallinfo2', info, [])();
  return Number(uordblks) + Number(hblkhd);
}

test('many logins leave nothing behind', { skip }, async (t) => {
  const { port, server } = await serveTickets(t);
  const settle = async () => {
    while (server.connections().length > 0) await sleep(10);
    return allocated();
  };
  const env = { ...alice, GSS_SERVICE: 'other@localhost' };
  await client(t, port, ['2', 'login', 100]);
  for (let i = 0; i < 3; i++) await client(t, port, ['2', 'login', 1], { env });
  const before = await settle();
  await client(t, port, ['2', 'login', 300]);
  for (let i = 0; i < 5; i++) await client(t, port, ['2', 'login', 1], { env });
  const more = (await settle()) - before;
  assert.ok(more < 1024 * 1024, `${more} octets more`);
});
