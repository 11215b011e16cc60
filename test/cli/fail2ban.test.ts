import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { run, unless } from '../support/programs.js';
import { freePort } from '../support/sockets.js';
import { login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const skip = unless('fail2ban-regex');
const FILTER = fileURLToPath(new URL('../../../core/fail2ban/picosocks5.conf', import.meta.url));

/** The addresses that fail2ban would count, one for each line that it takes for a failure. */
async function counted(t: TestContext, file: string): Promise<string[]> {
  const { stdout, stderr } = await run(t, 'fail2ban-regex', ['-o', 'ip', file, FILTER]);
  assert.doesNotMatch(stderr, /ERROR/);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Names of users who would like somebody else to be banned. */
const FORGERS = [
  'x client=203.0.113.9:1 user=y',
  'x"\n2026-01-01T00:00:00.000Z notice authentication-failed #1 client=203.0.113.9:1 user=y',
  '","type":"authentication-failed","id":1,"client":{"host":"203.0.113.9","port":1},"',
];

for (const format of ['text', 'json']) {
  test(`fail2ban counts failed logins of a log in ${format}, and no address that is forged`, {
    skip,
  }, async (t) => {
    const log = join(temporaryDirectory(t), 'log');
    const users = passwordFile(t, `alice::${plainSecret('secret')}`);
    const port = await freePort(t);
    const args = [
      '-a',
      users,
      '--log-file',
      log,
      '--log-format',
      format,
      '--grace',
      '0',
      '--max-login-failures',
      '2',
    ];
    const command = new Command(t, [...args, `127.0.0.1:${port}`]);
    const text = () => {
      try {
        return readFileSync(log, 'utf8');
      } catch {
        return '';
      }
    };
    while (!/listening/.test(text())) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await login(t, port, 'alice', 'secret')).status, 0);
    // The third one is locked out, and counts as well.
    for (const word of ['a', 'b', 'c']) await login(t, port, 'alice', word, '127.0.0.2');
    await Promise.all(FORGERS.map((name) => login(t, port, name, 'x', '127.0.0.3')));
    assert.equal(await command.stop(), 0);
    assert.deepEqual((await counted(t, log)).sort(), [
      ...Array(3).fill('127.0.0.2'),
      ...Array(3).fill('127.0.0.3'),
    ]);
  });
}

test('fail2ban counts what syslog and the journal have', { skip }, async (t) => {
  const line =
    'authentication-failed #4 client=[2001:db8::1]:42358 user=a method=userpass detail=x';
  const closed = 'closed #4 client=[2001:db8::2]:42358 user=- reason=authentication-failed';
  const lines = [
    `Nov 25 19:53:17 host picosocks5[12]: ${line}`,
    `Nov 25 19:53:18 host picosocks5[12]: ${closed}`,
    `Nov 25 19:53:18 host other[12]: said ${line}`,
  ];
  assert.deepEqual(await counted(t, temporaryFile(t, `${lines.join('\n')}\n`)), ['2001:db8::1']);
});
