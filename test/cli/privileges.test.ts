import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { unless } from '../support/programs.js';
import { Client, echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connectTo, login } from '../support/socks.js';
import { plainSecret } from '../support/users.js';

const linux = process.platform === 'linux' ? undefined : 'needs /proc';
const skip = process.getuid?.() === 0 ? linux : 'not root';
const NOBODY = 65534;
const DROP = ['-u', 'nobody', '-g', 'nogroup'];

/** A folder that others may look into, with a password file that only root may read. */
function start(t: TestContext) {
  const folder = temporaryDirectory(t);
  chmodSync(folder, 0o755);
  const users = join(folder, 'users');
  writeFileSync(users, `alice::${plainSecret('pw')}\n`, { mode: 0o600 });
  return { folder, users };
}

function userOf(pid: number): string | undefined {
  return /^Uid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}

/** A port that only root may bind, where the system keeps some. */
async function lowPort(t: TestContext): Promise<number> {
  for (let port = 1023; port > 512; port--) {
    const isFree = await Client.connect(t, port, '127.0.0.1').then(
      () => false,
      () => true,
    );
    if (isFree) return port;
  }
  throw new Error('no port below 1024 is free');
}

test('--workers and --user: all that die are replaced, with what only root could open', {
  skip,
}, async (t) => {
  const { users } = start(t);
  const port = await lowPort(t);
  const echo = await echoServer(t);
  const args = ['--workers', '2', ...DROP, '-a', users, '--grace', '0', `127.0.0.1:${port}`];
  const command = new Command(t, args);
  await command.line(/SIGHUP will change nothing: .*users".*permission denied/);
  // What is there now has not come into force: all workers serve the same users.
  writeFileSync(users, 'nonsense\n');
  for (let round = 0; round < 2; round++) {
    const before = command.children();
    assert.equal(before.length, 2);
    for (const worker of before) process.kill(worker, 'SIGKILL');
    for (;;) {
      const isNew = command.children().filter((pid) => !before.includes(pid));
      if (isNew.length === 2) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { client, status } = await login(t, port, 'alice', 'pw');
    assert.equal(status, 0);
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
    await assertEcho(client);
    for (const pid of [command.child.pid ?? 0, ...command.children()]) {
      assert.equal(userOf(pid), String(NOBODY));
    }
  }
  assert.equal(await command.stop(), 0);
});

test('a group that there is not is an error', { skip }, async (t) => {
  const command = new Command(t, ['-g', 'nogroup0', '127.0.0.1:0']);
  const closed = once(command.child, 'close');
  await command.line(/^picosocks5: --group: there is no group "nogroup0"$/);
  assert.deepEqual(await closed, [1, null]);
});

for (const workers of ['1', '2']) {
  test(`a quota file that cannot be written later is an error at the start (${workers})`, {
    skip,
  }, async (t) => {
    const { folder } = start(t);
    const file = join(folder, 'quota.json');
    const port = await freePort(t);
    const args = ['--workers', workers, ...DROP, '--quota-file', file, `127.0.0.1:${port}`];
    const command = new Command(t, args);
    const closed = once(command.child, 'close');
    const said = await command.line(/^picosocks5: cannot write the quota file .*/);
    assert.ok(said[0].includes(`"${file}": permission denied (as nobody:nogroup`), said[0]);
    assert.deepEqual(await closed, [1, null]);
  });

  test(`a usage file that cannot be written later is an error at the start (${workers})`, {
    skip,
  }, async (t) => {
    const { folder } = start(t);
    const file = join(folder, 'usage.json');
    const args = ['--workers', workers, ...DROP, '--usage-file', file, '127.0.0.1:0'];
    const command = new Command(t, args);
    const closed = once(command.child, 'close');
    const said = await command.line(/^picosocks5: cannot write the usage file .*/);
    assert.ok(said[0].includes(`"${file}": permission denied (as nobody:nogroup`), said[0]);
    assert.deepEqual(await closed, [1, null]);
  });

  test(`a quota file in a folder of the later user, and one of its own in root's (${workers})`, {
    skip,
  }, async (t) => {
    const { folder } = start(t);
    const own = join(folder, 'own');
    mkdirSync(own);
    chownSync(own, NOBODY, NOBODY);
    const file = join(folder, 'quota.json');
    writeFileSync(file, '');
    chownSync(file, NOBODY, NOBODY);
    for (const quotaFile of [join(own, 'quota.json'), file]) {
      const port = await freePort(t);
      const args = ['--workers', workers, ...DROP, '--quota-file', quotaFile];
      const command = new Command(t, [...args, `127.0.0.1:${port}`]);
      await command.line(/listening address=/);
      while (!isTable(quotaFile)) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(statSync(quotaFile).uid, NOBODY);
      assert.equal(await command.stop(), 0);
      const wrong = command.lines.filter((line) => /cannot/.test(line));
      assert.deepEqual(wrong, []);
    }
  });
}

function isTable(file: string): boolean {
  try {
    return readFileSync(file, 'utf8') === '{}\n';
  } catch {
    return false;
  }
}

test('what SIGHUP could not read again is said at the start, and works when it is mended', {
  skip,
}, async (t) => {
  const { folder, users } = start(t);
  const ini = join(folder, 'picosocks5.ini');
  const included = join(folder, 'included.ini');
  writeFileSync(included, `auth = ${users}\n`, { mode: 0o600 });
  writeFileSync(ini, `include = ${included}\n`);
  const port = await freePort(t);
  const launch = () => new Command(t, [...DROP, '-c', ini, `127.0.0.1:${port}`]);
  for (const file of [included, users]) {
    const command = launch();
    const [line] = await command.line(/warn +SIGHUP will change nothing: .*/);
    assert.ok(line.includes(`"${file}": permission denied (as nobody:nogroup`), line);
    await command.stop();
    chmodSync(file, 0o644);
  }
  const command = launch();
  await command.line(/listening address=/);
  writeFileSync(users, `bob::${plainSecret('pw')}\n`);
  command.child.kill('SIGHUP');
  await command.line(/reloaded/);
  assert.equal((await login(t, port, 'bob', 'pw')).status, 0);
  assert.ok(!command.lines.some((line) => line.includes('will change nothing')));
});

test('a log file is given to the later user, who opens it again if it may', { skip }, async (t) => {
  const { folder } = start(t);
  const file = join(folder, 'log');
  const args = [...DROP, '--log-file', file, '127.0.0.1:0'];
  const command = new Command(t, args);
  while (!/listening/.test(command.stdout + safeRead(file))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(statSync(file).uid, NOBODY);
  assert.equal(statSync(file).mode & 0o777, 0o640);
  // logrotate(8) with "create 640 nobody nogroup".
  renameSync(file, `${file}.1`);
  writeFileSync(file, '', { mode: 0o640 });
  chownSync(file, NOBODY, NOBODY);
  command.child.kill('SIGUSR1');
  while (!/status uptime=/.test(safeRead(file))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(await command.stop(), 0);
  assert.doesNotMatch(readFileSync(`${file}.1`, 'utf8'), /status|stopped|warn/);
});

function safeRead(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

test('a quota file that is a mount point is kept', {
  skip: skip ?? unless('unshare'),
}, async (t) => {
  const { folder } = start(t);
  const [host, file] = [join(folder, 'host.json'), join(folder, 'quota.json')];
  const used = { 'user alice': { day: '2026-03-31', dayBytes: 5, monthBytes: 9 } };
  writeFileSync(host, JSON.stringify(used));
  writeFileSync(file, '');
  const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
  const server = [process.execPath, PICOSOCKS5, '--quota-file', file, '127.0.0.1:0'];
  const child = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', host, file, ...server]);
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  await once(child.stdout, 'data');
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null], stderr);
  assert.doesNotMatch(stderr, /warn|err/);
  const text = readFileSync(host, 'utf8');
  assert.equal(text, `${JSON.stringify(used, undefined, 1)}\n`);
  assert.deepEqual(readdirSync(folder).sort(), ['host.json', 'quota.json', 'users']);
});
