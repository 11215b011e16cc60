import assert from 'node:assert/strict';
import { chmodSync, chownSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { parsePasswordFile } from '#core/auth/passwordfile.js';
import { passwordFileFormat } from '#core/auth/passwordsource.js';
import type { AuthenticationSource, Secret } from '#core/auth/source.js';
import { Users } from '#core/auth/users.js';
import { UserError } from '#core/base/errors.js';
import { temporaryFile } from '../../../support/files.js';

const EXPECTED_ACCOUNT =
  'the fourth field: expected some of maxconn, devices, rate-up, rate-down, quota-day, ' +
  'quota-month, expires, disabled, with commas between';
const HASH = '$1$abcdefgh$y6iHhJNbuC0xpbk0w9pm80';
const base64 = (password: string) => `$base64$${Buffer.from(password).toString('base64')}`;
const crypt = (hash: string, group?: string): Secret => ({ kind: 'crypt', hash, group });
const plain = (password: string | Uint8Array, group?: string): Secret => ({
  kind: 'plain',
  password: Buffer.from(password as string),
  group,
});

/** Opens a password file with this content. */
async function open(t: TestContext, content: string | Uint8Array) {
  const warnings: string[] = [];
  const file = temporaryFile(t, content, 'users.txt');
  chmodSync(file, 0o600);
  const source = await passwordFileFormat().open(file, (message) => warnings.push(message));
  return { source, warnings: warnings.map((text) => text.replaceAll(file, '@')), file };
}

/** How many secrets of each kind stand for a source's users, which has no other kinds. */
function kindsOf({ kinds, decoys = [] }: AuthenticationSource): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { kind } of decoys) counted[kind] = (counted[kind] ?? 0) + 1;
  assert.deepEqual([...kinds].sort(), Object.keys(counted).sort());
  return counted;
}

describe('password files', () => {
  test('users, groups and secrets', async (t) => {
    const { source, warnings } = await open(
      t,
      [
        ...['# comment', '', '   ', `alice:staff:${HASH}`, `bob::${base64('pass:word')}`],
        ...[`alice:chap:${base64('second')}`, `#mallory::${HASH}`, `toString::${HASH}`],
      ].join('\n'),
    );
    assert.deepEqual(warnings, []);
    assert.deepEqual(source.find?.('alice'), [crypt(HASH, 'staff'), plain('second', 'chap')]);
    assert.deepEqual(source.find?.('bob'), [plain('pass:word')]);
    assert.deepEqual(source.find?.('toString'), [crypt(HASH)]);
    for (const user of ['mallory', '#mallory', 'Alice', 'constructor', '']) {
      assert.deepEqual(source.find?.(user), [], user);
    }
    assert.deepEqual(kindsOf(source), { crypt: 2, plain: 2 });
    assert.equal(source.serverSecret?.(), undefined);
  });

  test('a byte order mark and CRLF', async (t) => {
    const { source } = await open(
      t,
      `\ufeffalice:a b:${HASH}\r\n\r\n# x\r\nbob::${base64('')}\r\n`,
    );
    assert.deepEqual(source.find?.('alice'), [crypt(HASH, 'a b')]);
    assert.deepEqual(source.find?.('bob'), [plain('')]);
  });

  test('the old form has no group, and a warning', async (t) => {
    const { source, warnings } = await open(t, `alice:${HASH}\nbob::${HASH}\ncarol:${base64('x')}`);
    assert.deepEqual(source.find?.('alice'), [crypt(HASH)]);
    assert.deepEqual(source.find?.('carol'), [plain('x')]);
    const old = 'the old form USER:SECRET; USER:GROUP:SECRET is better';
    assert.deepEqual(warnings, [`@:1: ${old}`, `@:3: ${old}`]);
  });

  test("the server's secret is nobody's, and needs to be plain", async (t) => {
    const { source, warnings } = await open(
      t,
      `::${HASH}\n::${base64('mine')}\n::${base64('not this')}`,
    );
    assert.deepEqual(Buffer.from(source.serverSecret?.() ?? []).toString(), 'mine');
    assert.deepEqual(warnings, [
      "@:1: a hash cannot be the server's own secret, which has to be $base64$",
      "@:3: the server's own secret stands in line 2 already",
    ]);
    assert.deepEqual(kindsOf(source), {});
    const users = new Users([source]);
    assert.equal(users.secret(''), undefined);
    assert.equal(users.decoy(''), undefined);
    assert.equal(users.has('plain'), false);
    assert.equal(users.configured, true);
  });

  test('names in UTF-8, and in ISO 8859-1 where they are not UTF-8', async (t) => {
    const latin1 = Buffer.from(`Zoë:büro:${HASH}\n`, 'latin1');
    const utf8 = Buffer.from(`Renée:équipe:${base64('naïve')}\n`);
    const { source } = await open(t, Buffer.concat([latin1, utf8]));
    assert.deepEqual(source.find?.('Zoë'), [crypt(HASH, 'büro')]);
    assert.deepEqual(source.find?.('Renée'), [plain('naïve', 'équipe')]);
  });

  test('a password of any octets', async (t) => {
    const password = Buffer.from([0, 0xff, 0x3a, 0x0a]);
    const { source } = await open(t, `alice::$base64$${password.toString('base64')}`);
    assert.deepEqual(source.find?.('alice'), [plain(password)]);
  });

  test('lines that never count are told, with the line that counts in their place', async (t) => {
    const { source, warnings } = await open(
      t,
      [
        ...[`alice::${HASH}`, `bob::${base64('b')}`, `alice::${base64('a')}`, `alice:x:${HASH}`],
        ...[`bob::${HASH}`, `carol::${HASH}`, `alice::${base64('new')}`],
      ].join('\n'),
    );
    const told = (line: number, user: string, earlier: number) =>
      `@:${line}: another secret of user "${user}", for whom line ${earlier} counts: remove one of ` +
      'the lines';
    assert.deepEqual(warnings, [told(4, 'alice', 1), told(5, 'bob', 2), told(7, 'alice', 3)]);
    assert.deepEqual(source.find?.('alice'), [crypt(HASH), plain('a')]);
    assert.deepEqual(kindsOf(source), { crypt: 3, plain: 2 });
  });

  test('of many lines of one kind ten are told, and how many more there are', async (t) => {
    const lines = Array.from({ length: 50 }, () => `alice:${HASH}\n`);
    const { warnings } = await open(t, lines.join(''));
    assert.equal(warnings.length, 22);
    assert.equal(warnings[10], '@: 40 more lines of the old form USER:SECRET');
    assert.equal(warnings[21], '@: 39 more lines whose secrets never count');
  });

  test('the groups of users, unless there are very many', async (t) => {
    const few = await open(t, `a:one:${HASH}\nb::${HASH}\n:own:${base64('x')}\nc:two:${HASH}`);
    assert.deepEqual([...(few.source.groups ?? [])], ['one', 'two']);
    const lines = Array.from({ length: 10_001 }, (_, i) => `u${i}:g${i}:${HASH}\n`);
    assert.equal((await open(t, lines.join(''))).source.groups, undefined);
  });

  test('a large file is read while others have their turn, and each user is found', async (t) => {
    const count = 200_000;
    const name = (i: number) => `u${i}${i % 7 === 0 ? '\u00e9' : ''}`;
    const lines = Array.from({ length: count }, (_, i) => `${name(i)}:g:${base64(String(i))}\n`);
    const file = temporaryFile(t, lines.join(''));
    chmodSync(file, 0o600);
    let reading = true;
    let turns = 0;
    const turn = () => {
      turns++;
      if (reading) setImmediate(turn);
    };
    turn();
    const source = await passwordFileFormat().open(file, assert.fail);
    reading = false;
    assert.ok(turns > 20, `${turns} turns`);
    for (let i = 0; i < count; i += 997) {
      assert.deepEqual(source.find?.(name(i)), [plain(String(i), 'g')]);
      assert.deepEqual(source.find?.(`${name(i)}x`), []);
    }
  });

  test('the decoys of a large file are few, its own hashes in proportion, and no password', async (t) => {
    const other = HASH.replace('abcdefgh', 'hgfedcba');
    const lines = Array.from({ length: 5000 }, (_, i) =>
      i % 5 === 0 ? `p${i}::${base64('readable')}` : `c${i}::${i % 5 === 1 ? other : HASH}`,
    );
    const { source } = await open(t, lines.join('\n'));
    const decoys = source.decoys ?? [];
    assert.ok(decoys.length >= 256 && decoys.length < 512, `${decoys.length} decoys`);
    const shareOf = (hash: string) =>
      decoys.filter((secret) => secret.kind === 'crypt' && secret.hash === hash).length /
      decoys.length;
    assert.ok(Math.abs(shareOf(HASH) - 0.6) < 0.02, `${shareOf(HASH)}`);
    assert.ok(Math.abs(shareOf(other) - 0.2) < 0.02, `${shareOf(other)}`);
    for (const secret of decoys) {
      if (secret.kind === 'plain') assert.notDeepEqual(secret, plain('readable'));
    }
    const again = await open(t, lines.join('\n'));
    const hashes = (list: readonly Secret[]) =>
      list.map((secret) => (secret.kind === 'crypt' ? secret.hash : ''));
    assert.deepEqual(hashes(again.source.decoys ?? []), hashes(decoys), 'whoever reads the file');
  });

  const unix = process.platform === 'win32' ? 'no modes on Windows' : undefined;
  const modes: readonly (readonly [mode: number, who: string | undefined])[] = [
    [0o600, undefined],
    [0o400, undefined],
    [0o644, 'its group and everybody can read it'],
    [0o604, 'everybody can read it'],
    [0o640, 'its group can read it'],
    [0o660, 'its group can read and change it'],
    [0o602, 'everybody can change it'],
  ];
  for (const [mode, who] of modes) {
    const text = mode.toString(8).padStart(4, '0');
    test(`a file of mode ${text}`, { skip: unix }, async (t) => {
      const file = temporaryFile(t, `alice::${HASH}\n`, "it's");
      chmodSync(file, mode);
      const warnings: string[] = [];
      await passwordFileFormat().open(file, (message) => warnings.push(message));
      const command = `chmod 600 '${file.replace("'", "'\\''")}'`;
      const message = `the password file "${file}" has mode ${text}: ${who}; mend that with: ${command}`;
      assert.deepEqual(warnings, who === undefined ? [] : [message]);
    });
  }

  const asRoot = unix ?? (process.getuid?.() === 0 ? undefined : 'not root');
  test("root's file may be readable by the group of an account", { skip: asRoot }, async (t) => {
    const { file } = await open(t, `alice::${HASH}\n`);
    chownSync(file, 0, 12_345);
    for (const [mode, count] of [
      [0o640, 0],
      [0o644, 1],
      [0o660, 1],
    ] as const) {
      chmodSync(file, mode);
      const warnings: string[] = [];
      await passwordFileFormat().open(file, (message) => warnings.push(message));
      assert.equal(warnings.length, count);
      if (count > 0) assert.match(warnings[0] ?? '', /mend that with: chmod 640 /);
    }
  });

  const mistakes: readonly (readonly [line: string, message: string])[] = [
    ['alice', 'expected USER:GROUP:SECRET'],
    ['topsecret', 'expected USER:GROUP:SECRET'],
    ['alice:staff:topsecret:x', 'expected USER:GROUP:SECRET'],
    [`alice:staff:extra:${HASH}`, 'expected USER:GROUP:SECRET'],
    [`alice:staff:${HASH}:topsecret`, EXPECTED_ACCOUNT],
    [`alice:staff:${HASH}:$base64$dG9w`, EXPECTED_ACCOUNT],
    [`alice:staff:${HASH}:devices=0`, 'devices: expected a whole number of 1 or more, not "0"'],
    [`alice:staff:${HASH}:expires`, '"expires" needs a value: expires=...'],
    [
      `alice:staff:${HASH}:expires=2027-02-30`,
      'expires: expected a date such as 2027-01-31 or 2027-01-31T18:00Z, not "2027-02-30"',
    ],
    [`alice:staff:${HASH}:disabled,disabled=no`, '"disabled" stands there twice'],
    ['alice::topsecret', 'a password hash must begin with $1$, $2a$, $2b$, $2y$, $5$, $6$ or $y$'],
    ['alice::', 'a password hash must begin with $1$, $2a$, $2b$, $2y$, $5$, $6$ or $y$'],
    ['alice:topsecret', 'a password hash must begin with $1$, $2a$, $2b$, $2y$, $5$, $6$ or $y$'],
    ['alice::$1$topsecret', 'the $1$ password hash is malformed, see crypt(5)'],
    [`alice::${HASH} `, 'the $1$ password hash is malformed, see crypt(5)'],
    ['alice::$base64$topsecret*', 'what follows $base64$ is not Base64'],
    ['alice::$base64$topsecre=', 'what follows $base64$ is not Base64'],
    ['alice::$base64$dG9w c2Vj', 'what follows $base64$ is not Base64'],
    [`${'x'.repeat(256)}::${HASH}`, 'the user name is longer than 255 bytes'],
    [`${'é'.repeat(128)}::${HASH}`, 'the user name is longer than 255 bytes'],
  ];
  for (const [line, message] of mistakes) {
    test(`mistake: ${line.slice(0, 40)}`, async (t) => {
      const text = `# first\nbob::${HASH}\n${line}\n`;
      assert.throws(() => parsePasswordFile(text, 'users.txt'), {
        name: 'UserError',
        message: `users.txt:3: ${message}`,
      });
      await assert.rejects(open(t, text), (error: Error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /users\.txt:3: /);
        assert.doesNotMatch(error.message, /topsecre|dG9w/);
        return true;
      });
    });
  }

  test('a file that cannot be read', async () => {
    const opening = passwordFileFormat().open('/nowhere/users.txt', () => {});
    const message = 'cannot read the password file "/nowhere/users.txt": no such file or directory';
    await assert.rejects(opening, { name: 'UserError', message });
  });

  test('a hash that this system cannot check is found at once', async (t) => {
    const why = () => Promise.resolve('it cannot');
    const file = temporaryFile(t, `\nalice::${HASH}\n`);
    await assert.rejects(
      passwordFileFormat(undefined, why).open(file, () => {}),
      {
        name: 'UserError',
        message: `${file}:2: it cannot`,
      },
    );
  });

  test('any text is users or a sentence that does not tell it', () => {
    const secret = fc.stringMatching(/^[A-Za-z]{12}$/);
    const line = fc.tuple(fc.constantFrom('', ':', '::', 'a:', 'a:b:', 'a:b:c:', '$1$'), secret);
    fc.assert(
      fc.property(fc.oneof(line, fc.tuple(fc.string(), secret)), ([start, hidden]) => {
        try {
          parsePasswordFile(start + hidden, 'f');
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
          assert.ok(!error.message.includes(hidden));
        }
      }),
    );
  });
});

describe('users of several sources', () => {
  test('the first source that knows a user, or has the kind that is needed', async (t) => {
    const first = await open(t, `alice:one:${HASH}\n::${base64('server')}`);
    const second = await open(t, `alice:two:${base64('plain')}\nbob:two:${base64('bob')}`);
    const users = new Users([first.source, second.source]);
    assert.deepEqual(users.secret('alice'), crypt(HASH, 'one'));
    assert.deepEqual(users.secret('alice', 'plain'), plain('plain', 'two'));
    assert.deepEqual(users.secret('bob'), plain('bob', 'two'));
    assert.equal(users.secret('bob', 'crypt'), undefined);
    assert.equal(users.secret('carol'), undefined);
    assert.equal(String(Buffer.from(users.serverSecret() ?? [])), 'server');
    assert.ok(users.has('plain') && users.has('crypt'));
  });

  test('a decoy is always the same for a name, and of the kind', async (t) => {
    const { source } = await open(t, `a::${HASH}\nb::${base64('b')}\nc::${base64('c')}`);
    const users = new Users([source]);
    const names = Array.from({ length: 50 }, (_, i) => `user ${i}`);
    for (const name of names) {
      assert.ok(users.decoy(name) !== undefined);
      assert.deepEqual(users.decoy(name), users.decoy(name));
      assert.equal(users.decoy(name, 'plain')?.kind, 'plain');
      assert.equal(users.decoy(name, 'crypt')?.kind, 'crypt');
    }
    assert.equal(new Set(names.map((name) => JSON.stringify(users.decoy(name)))).size, 3);
    assert.equal(new Users([]).decoy('x'), undefined);
    assert.equal(new Users([]).configured, false);
  });
});
