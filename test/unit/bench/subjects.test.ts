import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { allowOpenFiles, connectionsWithin, filesFor } from '../../bench/descriptors.js';
import { NpmFolder } from '../../bench/npm.js';
import { hevConfig, threeProxyConfig } from '../../bench/peerconfigs.js';
import { subjects } from '../../bench/subjects.js';
import { temporaryDirectory } from '../../support/files.js';

const all = (baseline?: string) => subjects('node', new NpmFolder(), baseline);
const byId = (id: string, baseline?: string) =>
  all(baseline).find((subject) => subject.id === id) ?? assert.fail(`no ${id}`);

describe('servers of the benchmark', () => {
  test('an earlier version of ours runs as this one does, from its own folder', (t) => {
    const folder = temporaryDirectory(t);
    const earlier = byId('baseline', '/there');
    assert.equal(earlier.title, 'PicoSOCKS5 (baseline)');
    assert.deepEqual(earlier.modes, byId('picosocks5').modes);
    const [node, program, ...args] = earlier.command(1080, 'password', folder);
    assert.deepEqual([node, program], ['node', join('/there', 'core', 'bin', 'picosocks5.cjs')]);
    assert.deepEqual(args, byId('picosocks5').command(1080, 'password', folder).slice(2));
  });

  test('without a checkout there is none', () => {
    assert.ok(!all().some(({ id }) => id === 'baseline'));
  });

  test('two workers, and the access log, differ in that alone', (t) => {
    const folder = temporaryDirectory(t);
    const plain = byId('picosocks5').command(1080, 'plain', folder).join(' ');
    const address = ' 127.0.0.1:1080';
    const workers = byId('picosocks5-workers').command(1080, 'plain', folder).join(' ');
    assert.equal(workers, plain.replace(address, ` --workers 2${address}`));
    const log = byId('picosocks5-log').command(1080, 'plain', folder).join(' ');
    assert.equal(log, plain.replace(address, ` -v info${address}`));
  });

  test('a server whose program is not there says so', (t) => {
    const { env } = process;
    const path = env['PATH'];
    t.after(() => {
      env['PATH'] = path;
    });
    const folder = temporaryDirectory(t);
    env['PATH'] = folder;
    for (const id of ['hev', '3proxy', 'microsocks', 'dante']) {
      assert.throws(() => byId(id).command(1080, 'plain', folder), { message: /not installed$/ });
    }
  });

  test('others ask for the same password as we do, and only then', () => {
    assert.match(hevConfig(1080, 'password'), /^ {2}port: 1080$/m);
    assert.match(
      hevConfig(1080, 'password'),
      /^auth:\n {2}username: 'bench'\n {2}password: 'secret'$/m,
    );
    assert.doesNotMatch(hevConfig(1080, 'plain'), /auth|password/);
    assert.match(threeProxyConfig(1080, 'password'), /auth strong\nusers bench:CL:secret\nallow/);
    assert.doesNotMatch(threeProxyConfig(1080, 'plain'), /users|allow|strong/);
  });

  test('connections that rest are as many as files may be open', () => {
    assert.equal(connectionsWithin(filesFor(10_000), 10_000), 10_000);
    assert.equal(connectionsWithin(20_000, 10_000), 9500);
    assert.equal(connectionsWithin(20_000, 3000), 3000);
    assert.equal(connectionsWithin(1024, 3000), 0);
  });

  const skip = process.platform === 'linux' ? false : 'Linux only';
  test('this process may have as many open as the system lets it', { skip }, () => {
    const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    const hard = Number(limit?.[1] ?? Number.MAX_SAFE_INTEGER);
    assert.ok(allowOpenFiles(hard) >= hard);
  });
});
