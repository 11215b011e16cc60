import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { OPTIONS } from 'picosocks5';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { run } from '../support/programs.js';
import { serve } from '../support/sockets.js';

function picosocks5(t: TestContext, ...args: string[]) {
  return run(t, process.execPath, [PICOSOCKS5, ...args]);
}

/** What is wrong, the arguments, and what the one line on stderr says. */
type Mistake = [name: string, args: (t: TestContext) => string[], message: RegExp];

const mistakes: Mistake[] = [
  ['an unknown option', () => ['--frobnicate'], /unknown option --frobnicate/],
  ['a misspelt option', () => ['--anonymus'], /--anonymus; did you mean --anonymous\?/],
  [
    'a misspelt command',
    () => ['users', 'alice'],
    /"users" is no command; did you mean "picosocks5 user"\?/,
  ],
  [
    'another misspelt command',
    () => ['chekc'],
    /"chekc" is no command; did you mean "picosocks5 check"/,
  ],
  ['a word for what it does', () => ['serve'], /"serve" is no command: "picosocks5" alone serves/],
  ['a command of another program', () => ['htpasswd', 'a'], /did you mean "picosocks5 user"/],
  ['a word', () => ['frobnicate'], /"frobnicate" is neither an address to listen at nor a command/],
  [
    'a file in the place of an address',
    (t) => [temporaryFile(t, '', 'users.txt')],
    /users\.txt" is a file, not an address to listen at; did you mean --auth /,
  ],
  ['a missing value', () => ['--maxconn'], /--maxconn needs a value/],
  ['a number that is none', () => ['--maxconn', 'many'], /--maxconn: .*whole number.*"many"/],
  ['an unknown level', () => ['-v', 'loud'], /-v: expected one of err, warn/],
  ['a bad rule', () => ['--request', 'fetch:*'], /--request: rule "fetch:\*": expected/],
  ['a bad address', () => ['127.0.0.1:99999'], /"99999" is not a port/],
  ['a missing file', () => ['-c', '/nonexistent.ini'], /"\/nonexistent.ini": no such file/],
  ['missing users', () => ['-a', '/nonexistent'], /"\/nonexistent": no such file/],
  [
    'a bad rule in a file',
    (t) => ['-c', temporaryFile(t, '# rules\n\nrequest = fetch:*\n', 'p.ini')],
    /p\.ini:3: request: rule "fetch:\*"/,
  ],
  [
    'a bad user',
    (t) => ['-a', temporaryFile(t, 'a::$base64$eA==\nbob::S3cret!\n', 'users')],
    /users:2: (?!.*S3cret)/,
  ],
  ['an open proxy', () => ['*:0'], /refusing to listen on 0\.0\.0\.0:0 without users/],
  [
    'an open proxy among listeners',
    (t) => ['-c', temporaryFile(t, '[listener:lan]\nlisten = *:0\n'), '127.0.0.1:0'],
    /\[listener:lan\]: refusing to listen on 0\.0\.0\.0:0 without users: .*anonymous = yes$/m,
  ],
  [
    'a listener without an address',
    (t) => ['-c', temporaryFile(t, '\n[listener: lan]\nanonymous = yes\n', 'p.ini')],
    /p\.ini:2: \[listener:lan\]: expected listen = \[ADDRESS\]\[:PORT\], where it listens$/m,
  ],
  [
    'an address of two listeners',
    (t) => {
      const ini = '[listener:a]\nlisten = 127.0.0.1:9\n[listener:b]\nlisten = 127.0.0.1:9\n';
      return ['-c', temporaryFile(t, ini)];
    },
    /the listeners "a" and "b" both listen on 127\.0\.0\.1:9: expected another/,
  ],
  [
    'a misspelt parameter of a listener',
    (t) => ['-c', temporaryFile(t, '\n[listener:a]\nmaxcon = 9\n', 'p.ini')],
    /p\.ini:3: unknown parameter "maxcon" in section \[listener:a\]; .*did you mean "maxconn"\?/,
  ],
  ['no such interface', () => ['-B', '@none0'], /there is no interface "none0"/],
  [
    'a quota without its file',
    (t) => ['-c', temporaryFile(t, '[user:a]\nquota-day = 1G\n')],
    /need --quota-file/,
  ],
  [
    'a quota file that is a folder',
    (t) => ['--quota-file', temporaryDirectory(t)],
    /cannot read the quota file ".*": illegal operation on a directory/,
  ],
  [
    'a quota file in no folder',
    (t) => ['--quota-file', join(temporaryDirectory(t), 'none', 'quota.json')],
    /cannot write the quota file ".*quota\.json": no such file or directory/,
  ],
  [
    'a usage file in no folder',
    (t) => ['--usage-file', join(temporaryDirectory(t), 'none', 'usage')],
    /cannot write the usage file ".*usage": no such file or directory/,
  ],
  [
    'a format of users that nobody has',
    () => ['-a', 'userdp:users.db'],
    /unknown format "userdp"; expected one of password, or of an extension \("picosocks5 --help --ext/,
  ],
  [
    'a log file in no folder',
    (t) => ['--log-file', join(temporaryDirectory(t), 'none', 'log')],
    /cannot open the log file ".*log": no such file or directory/,
  ],
  [
    'a log file and only syslog',
    (t) => ['-L', 'syslog', '--log-file', join(temporaryDirectory(t), 'log')],
    /--log-file needs --logmode stderr/,
  ],
];

for (const [name, args, message] of mistakes) {
  test(`${name} is one line on stderr and exit status 1`, async (t) => {
    const { status, stdout, stderr } = await picosocks5(t, ...args(t));
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^picosocks5: [^\n]*\n$/);
    assert.match(stderr, message);
  });
}

test('a port in use', async (t) => {
  const port = await serve(t, () => {});
  const { status, stderr } = await picosocks5(t, `127.0.0.1:${port}`);
  assert.equal(status, 1);
  const address = `127\\.0\\.0\\.1:${port}`;
  assert.match(stderr, new RegExp(`^picosocks5: cannot listen on ${address}: address already`));
});

test('--help fits a terminal and lists every option', async (t) => {
  const { status, stdout } = await picosocks5(t, '--help');
  assert.equal(status, 0);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
  for (const { key, name } of OPTIONS) assert.ok(key === 'listen' || stdout.includes(name), name);
});

test('--version', async (t) => {
  assert.match((await picosocks5(t, '-V')).stdout, /^picosocks5 \d+\.\d+\.\d+\n$/);
});

const root = process.getuid?.() === 0 ? undefined : 'not root';
test('--user and --group that do not exist', { skip: root }, async (t) => {
  for (const args of [
    ['-u', 'no-such-user'],
    ['-u', 'nobody', '-g', 'no-such-group'],
  ]) {
    const { status, stderr } = await picosocks5(t, ...args, '127.0.0.1:0');
    assert.equal(status, 1);
    assert.match(stderr, /^picosocks5: .*no-such-(user|group)/m);
    assert.doesNotMatch(stderr, / at /);
  }
});

test('check says which rule decides, and by its exit status whether', async (t) => {
  const ini = '[staff]\nrequest = connect:127.0.0.0/8:80-90\n[*]\nrequest = !all\n';
  const users = temporaryFile(t, 'ann:staff:$base64$eA==\n', 'users');
  const args = ['-c', temporaryFile(t, ini), '-a', users, '-A'];
  for (const [request, status, message] of [
    ['ann connect 127.0.0.1:85', 0, /allowed: rule "connect:127.* of \[staff\]/],
    ['ann connect 127.0.0.1:91', 1, /refused: no rule allows it/],
    ['- connect 127.0.0.1:85', 1, /refused: rule "!all" of \[\*\]/],
    ['ann connect 127.0.0.1', 2, /"127\.0\.0\.1" has no port; expected HOST:PORT, such as 127\.0/],
    ['ann connect [::1]', 2, /"\[::1\]" has no port; expected HOST:PORT, such as \[::1\]:443/],
    ['ann connect example.com:', 2, /has no port; .* such as example\.com:443/],
    ['ann connect :80', 2, /expected HOST:PORT/],
    ['bob connect 127.0.0.1:85', 2, /no user "bob"/],
    ['ann fly 127.0.0.1:85', 2, /"fly" is not connect/],
  ] as const) {
    const result = await picosocks5(t, 'check', ...args, ...request.split(' '));
    assert.equal(result.status, status, request);
    assert.match(result.stdout + result.stderr, message);
  }
});

test('check asks as a client of a listener', async (t) => {
  const users = temporaryFile(t, 'ann::$base64$eA==\n', 'users');
  const ini = [
    ...['[listener:local]', 'listen = 127.0.0.1:0', '[listener:lan]', 'listen = *:0'],
    ...[`auth = ${users}`, 'request = connect:127.0.0.1'],
  ].join('\n');
  const args = ['-c', temporaryFile(t, ini)];
  for (const [way, request, status, message] of [
    [
      'local',
      '- connect 127.0.0.1:85',
      0,
      /^allowed: .* by listener local\n.*: there are no rules/,
    ],
    ['lan', '- connect 127.0.0.1:85', 1, /^refused: .* by listener lan: clients have to auth/],
    ['lan', 'ann connect 127.0.0.1:85', 0, /rule "connect:127\.0\.0\.1" of \[listener:lan\]/],
    [
      'lna',
      'ann connect 127.0.0.1:85',
      2,
      /no listener "lna"; expected one of local, lan; did you mean "lan"\?$/m,
    ],
    [
      undefined,
      'ann connect 127.0.0.1:85',
      2,
      /no listener is named; expected one of local, lan$/m,
    ],
  ] as const) {
    const listener = way === undefined ? [] : ['--listener', way];
    const result = await picosocks5(t, 'check', ...args, ...listener, ...request.split(' '));
    assert.equal(result.status, status, `${way} ${request}: ${result.stderr}`);
    assert.match(result.stdout + result.stderr, message);
  }
  const without = await picosocks5(
    t,
    'check',
    '--listener',
    'default',
    '-',
    'connect',
    '127.0.0.1:1',
  );
  assert.equal(without.status, 0, without.stderr);
});

test('what is written and not in force is a warning at start and of check', async (t) => {
  const ini = [
    ...['maxconn = 5', 'maxconn = 6', '[staff]', 'base = people', '[people]', '[*]'],
    ...['[Staff]', 'rate-up = 1K', '[user:alcie]', 'maxconn = 1', '[user:alice]', 'maxconn = 1'],
  ].join('\n');
  const users = temporaryFile(t, `alice:staff:$base64$eA==\nalice::$base64$eQ==\n`, 'users');
  const file = temporaryFile(t, ini, 'p.ini');
  const args = ['-c', file, '-a', users];
  const expected = [
    /p\.ini:2: maxconn: line 1 is not in force/,
    /users:2: another secret of user "alice", for whom line 1 counts/,
    /section \[user:alcie\] is not in force: no user has the name "alcie" in .*users$/,
    /section \[Staff\] is not in force: no user of .* has this group; did you mean \[staff\]\?$/,
  ];
  const count = process.platform === 'win32' ? expected.length : expected.length + 1;
  const { status, stderr } = await picosocks5(
    t,
    'check',
    ...args,
    'alice',
    'connect',
    '127.0.0.1:1',
  );
  assert.equal(status, 0);
  for (const pattern of expected) assert.match(stderr, new RegExp(pattern.source, 'm'));
  assert.equal(stderr.match(/^picosocks5 check: warning: /gm)?.length, count, stderr);

  const command = new Command(t, [...args, '127.0.0.1:0']);
  await command.port();
  const warnings = command.lines.filter((line) => / warn /.test(line));
  for (const pattern of expected)
    assert.ok(
      warnings.some((line) => pattern.test(line)),
      stderr,
    );
  assert.equal(warnings.length, count);

  if (process.platform === 'win32') return; // It has no SIGHUP.
  writeFileSync(file, 'workers = 2\n');
  command.child.kill('SIGHUP');
  await command.line(/warn .*workers: a change is in force only after a restart/);
});

test('help and version are commands, too', async (t) => {
  assert.match((await picosocks5(t, 'help')).stdout, /^picosocks5 .*\n\nUsage: /);
  assert.match((await picosocks5(t, 'version')).stdout, /^picosocks5 \d/);
});

test('folders are not files', async (t) => {
  const folder = temporaryDirectory(t);
  for (const args of [
    ['-c', folder],
    ['-a', folder],
    ['--quota-file', join(folder, 'x', 'y')],
  ]) {
    const { status, stderr } = await picosocks5(t, ...args, '127.0.0.1:0');
    assert.equal(status, 1);
    assert.match(stderr, /^picosocks5: cannot (read|write) [^\n]*\n$/);
  }
});
