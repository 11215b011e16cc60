import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { run } from '../support/programs.js';
import { type Client, echoServer, freePort } from '../support/sockets.js';
import { address, assertEcho, greeted, readReply } from '../support/socks.js';
import { HASH_OF_SECRET, passwordFile } from '../support/users.js';

function picosocks5(t: TestContext, ...args: string[]) {
  return run(t, process.execPath, [PICOSOCKS5, ...args]);
}

async function echoThrough(t: TestContext, proxy: number): Promise<Client> {
  const echo = await echoServer(t);
  const client = await greeted(t, proxy);
  client.send(5, 1, 0, address('127.0.0.1', echo));
  assert.equal((await readReply(client)).reply, 0);
  await assertEcho(client);
  return client;
}

test('an upstream of a configuration file, in the log as text and as JSON, with workers', async (t) => {
  const users = passwordFile(t, `alice::${HASH_OF_SECRET}`);
  const upstream = await new Command(t, ['-a', users, '127.0.0.1:0']).port();
  const folder = temporaryDirectory(t);
  const secret = join(folder, 'corp.secret');
  writeFileSync(secret, 'secret\n', { mode: 0o600 });
  const ini = [
    'via = *.invalid=block',
    'via = corp',
    '[upstream:corp]',
    `url = socks5://127.0.0.1:${upstream}`,
    'user = alice',
    'password-file = corp.secret',
    'timeout = 5',
  ];
  const config = join(folder, 'p.ini');
  writeFileSync(config, `${ini.join('\n')}\n`);
  for (const more of [[], ['--log-format', 'json'], ['--workers', '2']]) {
    const command = new Command(t, ['-c', config, ...more, '127.0.0.1:0']);
    const port = Number((await command.line(/listening.*?:(\d+)/))[1] ?? (await command.port()));
    const client = await echoThrough(t, port);
    client.socket.end();
    const isJson = more.includes('json');
    await command.line(isJson ? /"type":"closed".*"via":"corp"/ : /closed #\d+ .* via=corp up=4 /);
    assert.doesNotMatch(command.lines.join('\n'), /secret\b(?!")/);
  }
  const ask = (host: string) => picosocks5(t, 'check', '-c', config, '-', 'connect', host);
  const allowed = await ask('example.com:443');
  assert.equal(allowed.status, 0);
  assert.match(
    allowed.stdout,
    /^allowed: connect to example.com:443 .*\n {2}by corp: via "corp"\n$/,
  );
  const blocked = await ask('a.invalid:443');
  assert.equal(blocked.status, 1);
  assert.match(blocked.stdout, /^refused: .*: via "\*\.invalid=block"\n$/);
});

test('a password on the command line is hidden, and warned of', {
  skip: process.platform === 'linux' ? undefined : 'Linux only',
}, async (t) => {
  const url = `socks5://alice:hunter2@127.0.0.1:${await freePort(t)}`;
  const command = new Command(t, ['-v', 'debug', '--via', url, '127.0.0.1:0']);
  const port = await command.port();
  await command.line(/warn.* a password on the command line can be seen by others/);
  const shown = readFileSync(`/proc/${command.child.pid}/cmdline`, 'latin1');
  assert.match(shown, /alice:\*\*\*@/);
  assert.doesNotMatch(shown, /hunter2/);
  const client = await greeted(t, port);
  client.send(5, 1, 0, address('192.0.2.1', 80));
  assert.equal((await readReply(client)).reply, 1);
  client.socket.destroy();
  await command.line(/closed #1/);
  command.child.kill('SIGUSR1');
  await command.line(/status/);
  assert.doesNotMatch(command.lines.join('\n') + command.stdout, /hunter2/);
});

const secrets: [what: string, args: (t: TestContext) => string[], message: RegExp][] = [
  [
    'a URL',
    () => ['--via', 'socks5://u:hunter2@'],
    /--via: "socks5:\/\/u:\*\*\*@": expected a host/,
  ],
  ['a scheme', () => ['--via', 'ftp://u:hunter2@h:1'], /unknown scheme "ftp"/],
  ['a rule', () => ['--via', 'x y=http://u:hunter2@h'], /"x y" is no destination/],
  ['a missing --via', () => ['socks5://u:hunter2@h'], /\*\*\*@h/],
  [
    'a file',
    (t) => ['-c', temporaryFile(t, '[upstream:a]\nurl = http://u:hunter2@h/x\n', 'p.ini')],
    /p\.ini:2: url: "http:\/\/u:\*\*\*@h\/x": expected nothing behind HOST:PORT/,
  ],
  [
    'a rule in a file',
    (t) => ['-c', temporaryFile(t, '[staff]\nvia = a b=http://u:hunter2@h\n', 'p.ini')],
    /p\.ini:2: via: .*"a b" is no destination/,
  ],
  [
    'a password file',
    (t) => {
      const file = temporaryFile(t, 'hunter2\nhunter2\n');
      const ini = `[upstream:a]\nurl = http://u@h\npassword-file = ${file}\n`;
      return ['-c', temporaryFile(t, ini, 'p.ini'), '127.0.0.1:0'];
    },
    /expected one line, the password/,
  ],
];
for (const [what, args, message] of secrets) {
  test(`what is wrong with ${what} is said without the password`, async (t) => {
    const { status, stdout, stderr } = await picosocks5(t, ...args(t));
    assert.notEqual(status, 0);
    assert.match(stderr, message);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
  });
}

const mistakes: [what: string, ini: string, message: RegExp][] = [
  ['a section without a name', '[upstream:]\n', /p\.ini:1: \[upstream:\]: expected/],
  ['a bad name', '[upstream:a b]\nurl = http://h\n', /p\.ini:1: .*expected a name of letters/],
  ['no URL', '[upstream:a]\nuser = x\n', /\[upstream:a\]: expected url = /],
  ['an unknown parameter', '[upstream:a]\nurll = http://h\n', /p\.ini:2: .*did you mean "url"/],
  ['a bad time', '[upstream:a]\ntimeout = soon\n', /p\.ini:2: timeout: expected seconds/],
  ['a prefix nearly right', '[upstraem:a]\n', /did you mean "?\[upstream:a\]/],
];
for (const [what, ini, message] of mistakes) {
  test(`${what} is a mistake`, async (t) => {
    const config = temporaryFile(t, ini, 'p.ini');
    const { status, stderr } = await picosocks5(t, '-c', config, '127.0.0.1:0');
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1);
  });
}

test('a password file that others can read is warned of', {
  skip: process.platform === 'win32' ? 'modes say nothing' : undefined,
}, async (t) => {
  const file = temporaryFile(t, 'secret\n');
  chmodSync(file, 0o644);
  const ini = `via = a\n[upstream:a]\nurl = http://u@h\npassword-file = ${file}\n`;
  const command = new Command(t, ['-c', temporaryFile(t, ini, 'p.ini'), '127.0.0.1:0']);
  await command.line(/warn.* has mode 0644: its group and everybody can read it/);
});

for (const [what, args, own] of [
  [
    'its address',
    (p: number) => ['--via', `socks5://127.0.0.1:${p}`, `127.0.0.1:${p}`],
    '127.0.0.1',
  ],
  [
    'a name of it',
    (p: number) => ['--via', `http://localhost:${p}`, `127.0.0.1:${p}`],
    '127.0.0.1',
  ],
  [
    'its wildcard',
    (p: number) => ['--via', `socks5://127.0.0.9:${p}`, '-A', `0.0.0.0:${p}`],
    '0.0.0.0',
  ],
  ['0.0.0.0', (p: number) => ['--via', `socks5://0.0.0.0:${p}`, `127.0.0.1:${p}`], '127.0.0.1'],
  [
    'a fallback',
    (p: number) => ['--via', `direct|socks5://127.0.0.1:${p}`, `127.0.0.1:${p}`],
    '127.0.0.1',
  ],
] as const) {
  test(`a server that would go through itself does not start: ${what}`, async (t) => {
    const port = await freePort(t);
    const { status, stderr } = await picosocks5(t, ...args(port));
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`${own}:${port} is where this server itself listens`));
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
}
