import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { libcryptSupports } from '#core/auth/crypt/libcrypt.js';
import { sharedBuffer } from '#core/transport/buffers.js';
import { temporaryFile } from '../support/files.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer } from '../support/sockets.js';
import { address, connectTo, login, readReply } from '../support/socks.js';
import { HASH_OF_SECRET, passwordFile, plainSecret } from '../support/users.js';

const NONE = 0x00;
const USERPASS = 0x02;
const CHAP = 0x03;
const NO_ACCEPTABLE = 0xff;
const PASSWORD = 'pass:word';

const plain = `alice:staff:${plainSecret(PASSWORD)}`;
const hashed = `alice:staff:${HASH_OF_SECRET}`;

const choices: [users: string[], anonymous: boolean, offered: number[], chosen: number][] = [
  [[], false, [NONE], NONE],
  [[], false, [USERPASS, NONE, CHAP], NONE],
  [[], false, [USERPASS], NO_ACCEPTABLE],
  [[plain], false, [NONE], NO_ACCEPTABLE],
  [[plain], false, [NONE, USERPASS], USERPASS],
  [[plain], false, [NONE, USERPASS, CHAP], CHAP],
  [[plain], false, [CHAP, USERPASS, NONE], CHAP],
  [[plain], false, [], NO_ACCEPTABLE],
  [[plain], false, [1, 6, 0x80, 0xfe], NO_ACCEPTABLE],
  [[plain], false, [NO_ACCEPTABLE], NO_ACCEPTABLE],
  [[hashed], false, [CHAP, USERPASS, NONE], USERPASS],
  [[hashed], false, [CHAP, NONE], NO_ACCEPTABLE],
  [[plain], true, [NONE], NONE],
  [[plain], true, [NONE, USERPASS], USERPASS],
];
for (const [users, anonymous, offered, chosen] of choices) {
  const who = users.length === 0 ? 'no users' : users.includes(plain) ? 'a plain secret' : 'a hash';
  const allowed = anonymous ? ', anonymous' : '';
  test(`${who}${allowed}: of [${offered}] the server chooses ${chosen}`, async (t) => {
    const auth = users.length === 0 ? [] : [passwordFile(t, ...users)];
    const { port, event } = await startServer(t, { auth, anonymous });
    const client = await Client.connect(t, port);
    client.send(5, offered.length, Buffer.from(offered));
    assert.deepEqual(await client.read(2), bytes(5, chosen));
    if (chosen !== NO_ACCEPTABLE) return;
    assert.equal((await client.readAll()).length, 0, 'then it closes');
    assert.equal((await event('rejected')).reason, 'no-acceptable-method');
  });
}

test('a request without authentication is not served', async (t) => {
  const { port, events, event } = await startServer(t, { auth: [passwordFile(t, plain)] });
  const client = await Client.connect(t, port);
  client.send(5, 1, NONE, 5, 1, 0, address('127.0.0.1', await echoServer(t)));
  assert.deepEqual(await client.readAll(), bytes(5, NO_ACCEPTABLE));
  client.socket.end();
  await event('closed');
  assert.ok(!events.some(({ type }) => type === 'request' || type === 'authenticated'));
});

test('SOCKS 4 is refused where users have to authenticate', async (t) => {
  const { port } = await startServer(t, { auth: [passwordFile(t, plain)] });
  const client = await Client.connect(t, port);
  client.send(4, 1, 0, 80, 127, 0, 0, 1, 'alice', 0);
  assert.equal((await client.readAll())[1], 91);
});

test('name and password byte by byte, and with the request at once', async (t) => {
  const echo = await echoServer(t);
  const { port } = await startServer(t, { auth: [passwordFile(t, plain)] });
  const credentials = bytes(1, 5, 'alice', PASSWORD.length, PASSWORD);
  const message = bytes(5, 1, 2, credentials, 5, 1, 0, address('127.0.0.1', echo), 'data');
  for (const size of [1, message.length]) {
    const client = await Client.connect(t, port);
    for (let i = 0; i < message.length; i += size) {
      const part = message.subarray(i, i + size);
      await new Promise((resolve) => client.socket.write(part, resolve));
    }
    assert.deepEqual(await client.read(4), bytes(5, USERPASS, 1, 0));
    assert.equal((await readReply(client)).reply, 0);
    assert.equal((await client.read(4)).toString(), 'data');
  }
});

const wrong: [name: string, user: string, password: string][] = [
  ['a wrong password', 'alice', 'wrong'],
  ['an empty password', 'alice', ''],
  ['another case', 'ALICE', PASSWORD],
  ['a password that goes on', 'alice', `${PASSWORD}!`],
  ['a zero octet behind it', 'alice', `${PASSWORD}\0`],
  ['an unknown user', 'nobody', PASSWORD],
  ['no name', '', PASSWORD],
  ['the secret of the server', '', 'own'],
  ['a name of 255 octets', 'a'.repeat(255), 'b'.repeat(255)],
];
for (const [name, user, password] of wrong) {
  test(`a failure status and the end: ${name}`, async (t) => {
    const auth = [passwordFile(t, plain, `::${plainSecret('own')}`)];
    const { port, event } = await startServer(t, { auth });
    const { client, status } = await login(t, port, user, password);
    assert.notEqual(status, 0);
    client.send(5, 1, 0, address('127.0.0.1', 80));
    assert.equal((await client.readAll()).length, 0);
    const failed = await event('authentication-failed');
    assert.deepEqual([failed.user, failed.method], [user, 'userpass']);
    assert.ok(!failed.detail.includes(PASSWORD));
  });
}

const secrets: [format: string, secret: string][] = [
  ['$base64$', plainSecret(PASSWORD)],
  ['$1$', '$1$saltsalt$gl993GvOcHdGV5acJy1350'],
  ['$5$', '$5$saltsalt$9MCST0/qetUc1qZcwEHnU5anCA43yZQ8J1IAhGzLoJC'],
  [
    '$6$',
    '$6$saltsalt$SERkwHa3K3JJvpeWCw2djYTBdBQouRmaol9kjQZR2Baz..OPWxBMnLyvIoRBJQ6vIeSuZliRrDkMuEGNJ5MRr1',
  ],
  ['$2b$', '$2b$04$VH2rRsbfhJP1AlhlkwXQv.sMAfcTIZOXS1vP5Ccatmo5TTC6qrIAW'],
  ['$y$', '$y$j9T$saltsaltsalt$Shnu9OnOivWa/fLhy7/qMD6Z55zVLVuoNgHwu3ISFi6'],
];
for (const [format, secret] of secrets) {
  const skip = format === '$y$' ? await libcryptSupports() : undefined;
  test(`a password file with a ${format} secret`, { skip }, async (t) => {
    const auth = [passwordFile(t, `alice:staff:${secret}`, `bob::${secret}`)];
    const { port, event } = await startServer(t, { auth });
    assert.equal((await login(t, port, 'alice', PASSWORD)).status, 0);
    const { user, group } = await event('authenticated');
    assert.deepEqual({ user, group }, { user: 'alice', group: 'staff' });
    assert.equal((await login(t, port, 'bob', PASSWORD)).status, 0);
    assert.notEqual((await login(t, port, 'alice', 'wrong')).status, 0);
  });
}

const empties: [user: string, password: string, anonymous: boolean, as: string | undefined][] = [
  ['root', '', true, 'anonymous'],
  ['', '', true, 'anonymous'],
  ['alice', '', true, 'anonymous'],
  ['alice', PASSWORD, true, 'alice'],
  ['empty', '', true, 'empty'],
  ['empty', '', false, 'empty'],
  ['alice', 'wrong', true, undefined],
  ['nobody', 'x', true, undefined],
  ['root', '', false, undefined],
];
for (const [user, password, anonymous, as] of empties) {
  const where = anonymous ? 'where one need not' : 'where one has to';
  test(`logging in as "${user}" with "${password}" ${where}: ${as}`, async (t) => {
    const auth = [passwordFile(t, plain, `empty::${plainSecret('')}`)];
    const { port, event } = await startServer(t, { auth, anonymous });
    const client = await Client.connect(t, port);
    client.send(5, 2, NONE, USERPASS);
    assert.deepEqual(await client.read(2), bytes(5, USERPASS));
    client.send(1, user.length, user, password.length, password);
    assert.equal((await client.read(2))[1] === 0, as !== undefined);
    if (as === undefined) return;
    assert.equal((await event('authenticated')).user, as === 'anonymous' ? undefined : as);
    assert.equal((await connectTo(client, '127.0.0.1', await echoServer(t))).reply, 0);
  });
}

for (const [name, method, answer] of [
  ['username/password', USERPASS, bytes(1, 1)],
  ['CHAP', CHAP, bytes(1, 1, 0, 1, 1)],
] as const) {
  test(`a message that is none of ${name} gets a failure status, and is a protocol error`, async (t) => {
    const { port, events, event } = await startServer(t, { auth: [passwordFile(t, plain)] });
    const client = await Client.connect(t, port);
    client.send(5, 1, method, 9, 9, 9);
    assert.deepEqual(await client.readAll(), bytes(5, method, answer));
    client.socket.end();
    assert.equal((await event('rejected')).reason, 'protocol-error');
    assert.equal((await event('closed')).reason, 'protocol-error');
    assert.ok(!events.some(({ type }) => type === 'authentication-failed'));
  });
}

test('a password does not stay in the buffer that it was read into', async (t) => {
  const secret = 'a password to be found';
  const { port } = await startServer(t, {
    auth: [passwordFile(t, `alice::${plainSecret(secret)}`)],
  });
  const { status } = await login(t, port, 'alice', secret);
  assert.equal(status, 0);
  assert.equal(sharedBuffer.includes(secret), false);
});

async function assertLogin(t: TestContext, options: ServerOptions, users: string[]) {
  const { port, events } = await startServer(t, options);
  for (const user of users) {
    const { client, status } = await login(t, port, user, PASSWORD);
    assert.equal(status, 0, user);
    assert.notEqual((await connectTo(client, '127.0.0.1', 1)).reply, 2);
  }
  return events;
}

test('comments, empty lines, line ends of Windows, a byte order mark, names beyond ASCII', async (t) => {
  const secret = plainSecret(PASSWORD);
  const text = `\uFEFFfirst::${secret}\r\n\r\n# a comment\r\nJosé:staff:${secret}\r\nlast::${secret}`;
  await assertLogin(t, { auth: [temporaryFile(t, text)] }, ['first', 'José', 'last']);
});

test('the old form USER:SECRET gets a warning', async (t) => {
  const auth = [passwordFile(t, plain, `bob:${plainSecret(PASSWORD)}`)];
  const events = await assertLogin(t, { auth }, ['alice', 'bob']);
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /:2: .*old form/);
});

test('users of several files', async (t) => {
  const auth = [
    passwordFile(t, plain),
    `password:${passwordFile(t, plain.replace('alice', 'bob'))}`,
  ];
  await assertLogin(t, { auth }, ['alice', 'bob']);
});

const bad: [name: string, line: string][] = [
  ['too few fields', 'alice'],
  ['too many fields', `alice:staff:more:${plainSecret('x')}`],
  ['no Base64', 'bob::$base64$%%%'],
  ['an unknown hash', 'bob::$99$salt$hash'],
  ['a plain password', 'bob::hunter2'],
];
for (const [name, line] of bad) {
  test(`a file is refused, and its secrets not shown: ${name}`, async (t) => {
    const start = startServer(t, { auth: [passwordFile(t, plain, line)] });
    await assert.rejects(start, (error: Error) => {
      assert.equal(error.name, 'UserError');
      assert.match(error.message, /users:2: /);
      assert.doesNotMatch(error.message, /hunter2|%%%|salt\$hash/);
      return true;
    });
  });
}

test('a file that is not there is refused', async (t) => {
  const start = startServer(t, { auth: ['/nonexistent/users'] });
  await assert.rejects(start, {
    name: 'UserError',
    message: /"\/nonexistent\/users": no such file/,
  });
});
