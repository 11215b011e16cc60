import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isHere, unlessHere } from '../support/addresses.js';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { sha256, webServer } from '../support/http.js';
import { run, unless } from '../support/programs.js';
import { HASH_OF_SECRET, passwordFile } from '../support/users.js';

const skip = unless('curl');

function curl(t: TestContext, ...args: string[]) {
  return run(t, 'curl', ['-sS', '--fail', '--noproxy', '', ...args]);
}

test('every scheme of curl, to addresses and names', { skip }, async (t) => {
  const { port } = await webServer(t, { '/': 'hello' });
  const proxy = await new Command(t, ['127.0.0.1:0']).port();
  const targets: [scheme: string, target: string][] = [
    ...['socks4', 'socks4a', 'socks5', 'socks5h'].flatMap((scheme): [string, string][] => [
      [scheme, `127.0.0.1:${port}`],
      [scheme, `localhost:${port}`],
    ]),
  ];
  if (await isHere('::1')) {
    const { port: port6 } = await webServer(t, { '/': 'hello' }, '::1');
    targets.push(['socks5', `[::1]:${port6}`]);
  }
  for (const [scheme, target] of targets) {
    // Of a name that it resolves itself, curl 8 asks for one address only.
    const family = target.startsWith('localhost') ? ['-4'] : [];
    const via = ['-x', `${scheme}://127.0.0.1:${proxy}`, `http://${target}/`];
    const { stdout, stderr } = await curl(t, ...family, ...via);
    assert.equal(stdout, 'hello', `${scheme} ${target}: ${stderr}`);
  }
});

const skip6 = skip ?? (await unlessHere('::1'));
test('a client over IPv6, to IPv4', { skip: skip6 }, async (t) => {
  const { url } = await webServer(t, { '/': 'hello' });
  const proxy = await new Command(t, ['[::1]:0']).port();
  const { stdout } = await curl(t, '-x', `socks5h://[::1]:${proxy}`, url);
  assert.equal(stdout, 'hello');
});

test('users: the right password, a wrong one, none', { skip }, async (t) => {
  const { url } = await webServer(t, { '/': 'hello' });
  const users = passwordFile(t, `alice::${HASH_OF_SECRET}`);
  const proxy = await new Command(t, ['-a', users, '127.0.0.1:0']).port();
  for (const [credentials, status] of [
    ['alice:secret@', 0],
    ['alice:wrong@', 97],
    ['bob:secret@', 97],
    ['', 97],
  ] as const) {
    const result = await curl(t, '-x', `socks5h://${credentials}127.0.0.1:${proxy}`, url);
    assert.equal(result.status, status, `${credentials} ${result.stderr}`);
  }
});

test('ALL_PROXY, and many transfers at once', { skip }, async (t) => {
  const { url } = await webServer(t, { '/': 'hello' });
  const proxy = await new Command(t, ['127.0.0.1:0']).port();
  const env = { ...process.env, ALL_PROXY: `socks5h://127.0.0.1:${proxy}` };
  const urls = Array.from({ length: 100 }, () => url);
  const args = ['-sS', '--noproxy', '', '-Z', '--parallel-max', '50', ...urls];
  const { stdout, stderr } = await run(t, 'curl', args, { env });
  assert.equal(stdout, 'hello'.repeat(100), stderr);
});

test('50 MB down and up arrive whole', { skip }, async (t) => {
  const data = randomBytes(50_000_000);
  const { url } = await webServer(t, { '/data': data });
  const proxy = `socks5h://127.0.0.1:${await new Command(t, ['127.0.0.1:0']).port()}`;
  const file = join(temporaryDirectory(t), 'got');
  const down = await curl(t, '-x', proxy, '-o', file, `${url}/data`);
  assert.equal(down.status, 0, down.stderr);
  assert.equal(sha256(await readFile(file)), sha256(data));
  const up = await curl(t, '-x', proxy, '-T', temporaryFile(t, data), `${url}/`);
  assert.equal(up.stdout, sha256(data));
});

test('replies that curl reports: refused, unresolved, not allowed', { skip }, async (t) => {
  const rules = '!connect:127.0.0.9,connect';
  const proxy = await new Command(t, ['--request', rules, '127.0.0.1:0']).port();
  for (const [target, reply] of [
    ['127.0.0.1:1', 5],
    ['name.invalid:80', 4],
    ['127.0.0.9:80', 2],
  ] as const) {
    const { stderr } = await curl(t, '-x', `socks5h://127.0.0.1:${proxy}`, `http://${target}/`);
    assert.match(stderr, new RegExp(`\\(${reply}\\)`));
  }
});
