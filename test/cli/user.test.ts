import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifyHash } from '#core/auth/crypt/verify.js';
import { PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { run, unless } from '../support/programs.js';
import { HASH_OF_SECRET, passwordFile, plainSecret } from '../support/users.js';

const PIS5USER = fileURLToPath(new URL('../../../core/bin/pis5user.cjs', import.meta.url));
const unix = process.platform === 'win32' ? 'no modes or terminals as these on Windows' : undefined;
const root = process.getuid?.() === 0 ? undefined : 'not root';

function user(t: TestContext, args: readonly string[], input: string | Uint8Array = '') {
  return run(t, process.execPath, [PICOSOCKS5, 'user', ...args], { input });
}

/** The lines of a file as users and groups, and whether a password fits the secret. */
function linesOf(file: string, password = ''): string[] {
  const lines = readFileSync(file, 'latin1').split('\n');
  return lines.map((line) => {
    const [name, group, secret = ''] = line.split(':');
    if (!secret.startsWith('$6$')) return line;
    return `${name}:${group}:${verifyHash(Buffer.from(password), secret)}`;
  });
}

test('a hash alone is made by default, and it is said what is stored for whom', async (t) => {
  const { stdout, stderr } = await user(t, ['alice'], 'pw\npw\n');
  assert.match(stdout, /^alice::\$6\$[^\n]*\n$/);
  assert.match(stderr, /makes a hash of the password/);
  assert.match(stderr, /Password for alice: /);
  assert.match((await user(t, ['-m', 'chap', 'bob'], 'pw\n')).stderr, /the password itself/);
  assert.match((await user(t, ['-m', 'chap', ''], 'pw\n')).stderr, /for the server itself: /);
});

test("pis5user makes both, as the original's, and says so", async (t) => {
  const pis5user = (...args: string[]) =>
    run(t, process.execPath, [PIS5USER, ...args], { input: 'pw\n' });
  const { stdout, stderr } = await pis5user('alice');
  assert.match(stdout, /^alice::\$6\$[^\n]*\nalice::\$base64\$cHc=\n$/);
  assert.match(stderr, /^pis5user: .*the password itself.*\n.*as the original/);
  assert.match((await pis5user('-m', 'basic', 'alice')).stdout, /^alice::\$6\$[^\n]*\n$/);
  assert.match((await pis5user('--help')).stdout, /^Usage: pis5user .*\[basic,chap\]/s);
});

test('a password is kept as the octets that are piped', async (t) => {
  const password = Buffer.from('p\xe4ss', 'latin1');
  for (const input of [password, Buffer.from('p\xe4ss\r\np\xe4ss\r\n', 'latin1')]) {
    const { stdout, stderr } = await user(t, ['-m', 'basic,chap', 'bob'], input);
    const [hash = '', plain] = stdout.split('\n');
    assert.equal(plain, `bob::$base64$${password.toString('base64')}`);
    assert.ok(verifyHash(password, hash.slice('bob::'.length)));
    assert.match(stderr, /not UTF-8/);
  }
  const { status, stderr } = await user(t, ['bob'], 'nu\0l\n');
  assert.equal(status, 1);
  assert.match(stderr, /picosocks5 user: a password must not have a NUL/);
});

const PYTHON = '/usr/bin/python3';
test('a password is kept as the octets that are typed', {
  skip: unless(PYTHON) ?? unix,
}, async (t) => {
  const script = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
out = b''
for answer in (b'wrong\\x15\\xc3\\xa9\\x7fp\\xe4sx\\x7fs\\r', b'p\\xe4s\\xc3\\xa9\\x7f\\x7fs\\r'):
    while not out.rstrip().endswith(b':'): out += os.read(fd, 1000)
    out += b'|'
    os.write(fd, answer)
try:
    while chunk := os.read(fd, 1000): out += chunk
except OSError: pass
os.write(1, out)
`;
  const args = ['-c', script, process.execPath, PICOSOCKS5, 'user', '-m', 'chap', 'alice'];
  const { stdout } = await run(t, PYTHON, args);
  const secret = Buffer.from('p\xe4ss', 'latin1').toString('base64');
  assert.ok(stdout.includes(`alice::$base64$${secret}`), stdout);
});

test('--file makes a file that only its owner can read', { skip: unix }, async (t) => {
  const file = join(temporaryDirectory(t), 'users.txt');
  const { status, stdout, stderr } = await user(t, ['-f', file, '-g', 'staff', 'alice'], 'one\n');
  assert.deepEqual([status, stdout], [0, '']);
  assert.match(stderr, /user alice added in the new file .*users\.txt/);
  assert.equal(statSync(file).mode & 0o7777, 0o600);
  assert.deepEqual(linesOf(file, 'one'), ['alice:staff:true', '']);
});

test("--file puts a user's lines in the place of the old ones", async (t) => {
  const others = ['# people', `zo\xeb:b\xfcro:${HASH_OF_SECRET}`, '', `bob:${plainSecret('bob')}`];
  const old = [`alice:staff:${HASH_OF_SECRET}`, `alice::${plainSecret('old')}`];
  const [first = '', ...rest] = others;
  const file = passwordFile(t);
  // ISO 8859-1, CRLF, and no line feed at the end.
  const text = [first, old[0], ...rest, old[1], 'carol::$base64$eA=='].join('\r\n');
  writeFileSync(file, text, 'latin1');
  const { status, stderr } = await user(t, ['--file', file, 'alice'], 'new\n');
  assert.equal(status, 0, stderr);
  assert.match(stderr, /user alice replaced in/);
  const after = readFileSync(file, 'latin1').split('\r\n');
  assert.match(after[1] ?? '', /^alice:staff:\$6\$/, 'the group stays');
  assert.ok(verifyHash(Buffer.from('new'), (after[1] ?? '').split(':')[2] ?? ''));
  assert.deepEqual([after[0], ...after.slice(2)], [...others, 'carol::$base64$eA==', '']);

  await user(t, ['-f', file, '-g', '', '-m', 'chap', 'zo\xeb'], 'new\n');
  assert.match(readFileSync(file, 'utf8'), /^zo\xeb::\$base64\$bmV3\r$/m);
});

test('--delete removes a user and nothing else', async (t) => {
  const file = passwordFile(
    t,
    'a::$base64$eA==',
    `b::${HASH_OF_SECRET}`,
    '::$base64$eA==',
    'a::$base64$eQ==',
  );
  assert.equal((await user(t, ['-D', '-f', file, 'a'])).status, 0);
  assert.equal(readFileSync(file, 'utf8'), `b::${HASH_OF_SECRET}\n::$base64$eA==\n`);
  assert.equal((await user(t, ['--delete', '--file', file, ''])).status, 0);
  assert.equal(readFileSync(file, 'utf8'), `b::${HASH_OF_SECRET}\n`);
  for (const [args, message] of [
    [['-D', '-f', file, 'a'], /there is no user "a" in ".*users"/],
    [['-D', '-f', `${file}.no`, 'a'], /there is no file ".*\.no"/],
    [['-D', 'a'], /--delete needs --file/],
    [['-D', '-f', file, '-g', 'x', 'b'], /neither --group nor --method/],
  ] as const) {
    const { status, stderr } = await user(t, args);
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.ok(!existsSync(`${file}.lock`));
  }
});

test('a file that is no password file is left alone', async (t) => {
  const file = passwordFile(t, 'root:x:0:0:root:/root:/bin/sh');
  const before = readFileSync(file, 'utf8');
  const { status, stderr } = await user(t, ['-f', file, 'alice'], 'pw\n');
  assert.equal(status, 1);
  assert.match(stderr, /users:1: expected USER:GROUP:SECRET/);
  assert.equal(readFileSync(file, 'utf8'), before);
  assert.ok(!existsSync(`${file}.lock`));
});

test('mode, owner and a symbolic link stay', { skip: unix }, async (t) => {
  const file = passwordFile(t, `alice::${HASH_OF_SECRET}`);
  const link = join(dirname(file), 'link');
  symlinkSync(file, link);
  chmodSync(file, 0o640);
  if (root === undefined) chownSync(file, 12_345, 54_321);
  const before = statSync(file);
  assert.equal((await user(t, ['-f', link, 'alice'], 'new\n')).status, 0);
  const after = statSync(file);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.notEqual(after.ino, before.ino, 'it was replaced, not written over');
  const { mode, uid, gid } = before;
  assert.deepEqual({ mode: after.mode, uid: after.uid, gid: after.gid }, { mode, uid, gid });
  assert.deepEqual(linesOf(file, 'new'), ['alice::true', '']);
});

test('programs that change a file at the same time lose nothing', async (t) => {
  const file = passwordFile(t);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const results = await Promise.all(names.map((name) => user(t, ['-f', file, name], 'pw\n')));
  for (const { status, stderr } of results) assert.equal(status, 0, stderr);
  const lines = linesOf(file, 'pw').filter(Boolean).sort();
  assert.deepEqual(
    lines,
    names.map((name) => `${name}::true`),
  );
  assert.ok(!existsSync(`${file}.lock`));
});

const mounts = root ?? unless('unshare', 'mount');
test('a file that is a mount point is written in place', { skip: mounts }, async (t) => {
  const file = passwordFile(t, `alice::${HASH_OF_SECRET}`, `bob::${HASH_OF_SECRET}`);
  const place = passwordFile(t);
  const command = `mount --bind '${file}' '${place}' && '${process.execPath}' '${PICOSOCKS5}' user -f '${place}' alice`;
  const result = await run(t, 'unshare', ['-m', 'sh', '-c', command], { input: 'new\n' });
  assert.equal(result.status, 0, result.stderr);
  const [first, second] = readFileSync(file, 'utf8').split('\n');
  assert.ok(verifyHash(Buffer.from('new'), (first ?? '').split(':')[2] ?? ''));
  assert.equal(second, `bob::${HASH_OF_SECRET}`);
  assert.ok(!existsSync(`${place}.lock`));
});

const linux = process.platform === 'linux' ? undefined : 'needs /proc';
test('lines that are appended behind earlier ones of the user are warned of', {
  skip: linux,
}, async (t) => {
  const file = passwordFile(t, `alice::${HASH_OF_SECRET}`);
  const append = (name: string) =>
    run(t, 'sh', ['-c', `'${process.execPath}' '${PICOSOCKS5}' user ${name} >> '${file}'`], {
      input: 'new\n',
    });
  assert.match((await append('alice')).stderr, /warning: line 1 of .*users .*goes on counting/);
  assert.doesNotMatch((await append('bob')).stderr, /warning/);
});

test('a name that lost its octets is none', async (t) => {
  const { status, stderr } = await user(t, ['Zo\ufffd'], 'pw\n');
  assert.equal(status, 1);
  assert.match(stderr, /the user name is not UTF-8/);
});
