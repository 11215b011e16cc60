import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { unlessHere } from '../support/addresses.js';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, unless } from '../support/programs.js';
import { Client, echoServer, freePort, listening } from '../support/sockets.js';
import { address, readReply, request } from '../support/socks.js';
import { endStragglers } from '../support/stragglers.js';
import { passwordFile, plainSecret } from '../support/users.js';

const linux = process.platform === 'linux' ? undefined : 'needs /proc';
const unix = process.platform === 'win32' ? 'no signals on Windows' : undefined;

async function login(t: TestContext, port: number, user: string, password: string) {
  const client = await Client.connect(t, port);
  client.send(5, 1, 2);
  await client.read(2);
  client.send(1, user.length, user, password.length, password);
  return { client, status: (await client.read(2))[1] };
}

test('the example of the original README: users, on all addresses', async (t) => {
  const command = new Command(t, ['-a', passwordFile(t, `alice::${plainSecret('pw')}`), '*:0']);
  const port = await command.port();
  assert.equal((await login(t, port, 'alice', 'pw')).status, 0);
  assert.notEqual((await login(t, port, 'alice', 'no')).status, 0);
  assert.match(command.stdout, /curl -x socks5h:\/\/USER:PASSWORD@127\.0\.0\.1:\d+/);
});

test('what is to be tried is reached where only IPv6 is listened to', {
  skip: unless('curl') ?? (await unlessHere('::1')),
}, async (t) => {
  const command = new Command(t, ['-A', '[::]:0']);
  const { stdout: told } = command.child;
  while (!command.stdout.includes('Stop: ')) await once(told as NonNullable<typeof told>, 'data');
  const [, proxy = ''] = /Try: curl -x (\S+)/.exec(command.stdout) ?? [];
  const { url } = await webServer(t, { '/': 'hello' });
  const { stdout, stderr } = await run(t, 'curl', ['-sS', '--noproxy', '', '-x', proxy, url]);
  assert.equal(stdout, 'hello', stderr);
});

test('SIGHUP takes what is new, keeps connections, and survives mistakes', {
  skip: unix,
}, async (t) => {
  const echo = await echoServer(t);
  const users = passwordFile(t, `alice::${plainSecret('pw')}`);
  const command = new Command(t, ['--grace', '0', '-a', users, '127.0.0.1:0']);
  const port = await command.port();
  const { client } = await login(t, port, 'alice', 'pw');
  client.send(5, 1, 0, address('127.0.0.1', echo));
  await readReply(client);

  writeFileSync(users, `bob::${plainSecret('pw')}\n`);
  command.child.kill('SIGHUP');
  await command.line(/reloaded/);
  assert.equal((await login(t, port, 'bob', 'pw')).status, 0);
  client.send('still here');
  await client.read(10);

  writeFileSync(users, 'nonsense\n');
  command.child.kill('SIGHUP');
  await command.line(/err +nothing was reloaded: .*users:1: /);
  assert.equal((await login(t, port, 'bob', 'pw')).status, 0);
  assert.equal(await command.stop(), 0);
});

test('SIGTERM lets connections finish for --grace, and exits with 0', { skip: unix }, async (t) => {
  const echo = await echoServer(t);
  for (const [grace, reason] of [
    ['60', 'finished'],
    ['0.2', 'shutdown'],
  ] as const) {
    const command = new Command(t, ['--grace', grace, '127.0.0.1:0']);
    const port = await command.port();
    const { client } = await request(t, port, 1, address('127.0.0.1', echo));
    const closed = once(command.child, 'close');
    command.child.kill('SIGTERM');
    await command.line(/stopped/);
    if (reason === 'finished') {
      client.send('last words');
      assert.equal(String(await client.read(10)), 'last words');
      client.socket.end();
    }
    assert.deepEqual((await closed).slice(0, 1), [0]);
    await command.line(new RegExp(`closed #1 .*reason=${reason}`));
  }
});

test('SIGTERM at once after it listens stops it, and it exits with 0', {
  skip: unix,
}, async (t) => {
  const quotaFile = join(temporaryDirectory(t), 'quota.json');
  for (const workers of ['1', '2']) {
    const args = ['--workers', workers, '--quota-file', quotaFile, '127.0.0.1:0'];
    const command = new Command(t, args);
    await command.line(/listening address=/);
    assert.equal(await command.stop(), 0);
    await command.line(/stopped address=/);
  }
});

test('a second signal ends it at once', { skip: unix }, async (t) => {
  const echo = await echoServer(t);
  const command = new Command(t, ['--grace', '60', '127.0.0.1:0']);
  await request(t, await command.port(), 1, address('127.0.0.1', echo));
  const closed = once(command.child, 'close');
  command.child.kill('SIGTERM');
  await command.line(/stopped/);
  command.child.kill('SIGTERM');
  assert.deepEqual(await closed, [null, 'SIGTERM']);
});

test('--fork returns when it listens, or says why it does not', { skip: linux }, async (t) => {
  const port = await freePort(t);
  const listen = `127.0.0.1:${port}`;
  const folder = temporaryDirectory(t);
  const config = join(folder, 'picosocks5.ini');
  writeFileSync(config, 'loglevel = none\n');
  const args = [PICOSOCKS5, '--fork', '-c', config, listen];
  t.after(() => endStragglers(folder));
  assert.equal((await run(t, process.execPath, args)).status, 0);
  await Client.connect(t, port);
  const again = await run(t, process.execPath, args);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /address already in use/);
});

const root = process.getuid?.() === 0 ? linux : 'not root';
test('--user and --group give root up for good', { skip: root }, async (t) => {
  const users = passwordFile(t, `alice::${plainSecret('pw')}`);
  chmodSync(users, 0o600);
  const args = ['-u', 'nobody', '-g', 'nogroup', '-a', users, '127.0.0.1:0'];
  const command = new Command(t, args);
  const port = await command.port();
  assert.equal((await login(t, port, 'alice', 'pw')).status, 0);
  const status = readFileSync(`/proc/${command.child.pid}/status`, 'utf8');
  for (const name of ['Uid', 'Gid', 'Groups']) {
    const ids = new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(status)?.[1]?.split(/\s+/);
    assert.ok(
      ids?.every((id) => id === '65534'),
      `${name}: ${ids}`,
    );
  }
});

test('logs: JSON, the access line, no secrets, no forged lines', async (t) => {
  const users = passwordFile(t, `alice::${plainSecret('s3cret')}`);
  const listen = ['-a', users, '-v', 'debug', '127.0.0.1:0'];
  const echo = await echoServer(t);
  for (const json of [true, false]) {
    const command = new Command(t, json ? ['--log-format', 'json', ...listen] : listen);
    const port = json
      ? Number((await command.line(/"listening".*"port":(\d+)/))[1])
      : await command.port();
    const { client } = await login(t, port, 'alice', 's3cret');
    client.send(5, 1, 0, address('127.0.0.1', echo));
    await readReply(client);
    client.send('12345').socket.end();
    await client.readAll();
    await login(t, port, 'x\n2026 info closed #9\u001b[2J', 'wr0ng');
    await command.line(/authentication-failed/);
    await command.line(json ? /"closed".*"finished"/ : /closed .*reason=finished/);
    for (const line of command.lines) {
      assert.match(line, /^[\x20-\x7e]*$/);
      assert.doesNotMatch(line, /s3cret|wr0ng/);
      if (json) JSON.parse(line);
      else assert.match(line, /^\d{4}-\d\d-\d\dT\S+ (notice|info|debug) +\S/);
    }
    if (json) continue;
    const pattern = 'user=alice command=connect destination=127.0.0.1:\\d+ up=5 down=5 duration=';
    await command.line(new RegExp(`closed #1 client=127.0.0.1:\\d+ ${pattern}`));
  }
});

test('slow: syslog gets lines by their priority through logger(1)', { skip: unix }, async (t) => {
  const folder = temporaryDirectory(t);
  const out = join(folder, 'out');
  const logger = join(folder, 'logger');
  writeFileSync(logger, `#!/bin/sh\nwhile read -r line; do echo "$* $line" >> ${out}; done\n`);
  chmodSync(logger, 0o755);
  const env = { PATH: `${folder}:${process.env['PATH']}` };
  const command = new Command(t, ['-L', 'combined', '127.0.0.1:0'], env);
  const port = await command.port();
  await request(t, port, 1, address('127.0.0.1', 1));
  await command.line(/closed/);
  assert.equal(await command.stop(), 0);
  const text = readFileSync(out, 'utf8');
  assert.match(text, /-t picosocks5\[\d+\] -p daemon\.notice listening address=/);
  assert.match(text, /-p daemon\.info closed #1 /);
});

test("systemd's journal gets priorities", { skip: unix }, async (t) => {
  const file = temporaryFile(t, '');
  const fd = openSync(file, 'a');
  t.after(() => closeSync(fd));
  const { dev, ino } = fstatSync(fd);
  const port = await freePort(t);
  const users = passwordFile(t, `alice:${plainSecret('pw')}`);
  const child = spawn(process.execPath, [PICOSOCKS5, '-a', users, `127.0.0.1:${port}`], {
    env: { ...process.env, JOURNAL_STREAM: `${dev}:${ino}` },
    stdio: ['ignore', 'ignore', fd],
  });
  t.after(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  await listening(port);
  child.kill();
  await closed;
  assert.match(readFileSync(file, 'utf8'), /^<4>.*old form.*\n<5>listening address=/m);
});

test('a log that nobody reads does not stop the proxy', { skip: unix }, async (t) => {
  const echo = await echoServer(t);
  const command = new Command(t, ['-v', 'debug', '127.0.0.1:0']);
  const port = await command.port();
  command.child.stderr?.pause();
  for (let i = 0; i < 400; i++) {
    const { client, reply } = await request(t, port, 1, address('127.0.0.1', echo));
    assert.equal(reply.reply, 0);
    client.socket.destroy();
  }
});

test('user makes lines for a password file', async (t) => {
  const folder = temporaryDirectory(t);
  mkdirSync(join(folder, 'x'));
  const user = (args: string[], input: string) =>
    run(t, process.execPath, [PICOSOCKS5, 'user', ...args], { input });
  const both = ['-g', 'staff', '-m', 'chap,basic', 'alice'];
  const { stdout } = await user(both, 'pa:ss\npa:ss\n');
  const lines = stdout.split('\n');
  assert.match(String(lines[0]), /^alice:staff:\$6\$/);
  assert.equal(lines[1], `alice:staff:${plainSecret('pa:ss')}`);
  const command = new Command(t, ['-a', passwordFile(t, String(lines[0])), '127.0.0.1:0']);
  assert.equal((await login(t, await command.port(), 'alice', 'pa:ss')).status, 0);

  assert.match((await user(['-m', 'chap', ''], 'own\n')).stdout, /^::\$base64\$b3du\n$/);
  assert.equal((await user(['-l'], '')).stdout, 'basic\nchap\n');
  for (const [args, input, message] of [
    [['alice'], 'a\nb\n', /passwords differ/],
    [['alice'], '', /no password/],
    [['a:b'], 'x\n', /no colon/],
    [['-m', 'digest', 'alice'], 'x\n', /not "digest"/],
    [[], 'x\n', /one user name/],
  ] as const) {
    const { status, stderr } = await user([...args], input);
    assert.equal(status, 1);
    assert.match(stderr, message);
  }
});

const PYTHON = '/usr/bin/python3';
test('user does not echo on a terminal', { skip: unless(PYTHON) }, async (t) => {
  const script = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
out = b''
for answer in (b'hidden\\n', b'hidden\\n'):
    while not out.rstrip().endswith(b':'): out += os.read(fd, 1000)
    out += b'|'
    os.write(fd, answer)
try:
    while chunk := os.read(fd, 1000): out += chunk
except OSError: pass
print(out.decode())
`;
  const args = ['-c', script, process.execPath, PICOSOCKS5, 'user', '-m', 'basic', 'alice'];
  const { stdout, stderr } = await run(t, PYTHON, args);
  assert.match(stdout, /alice::\$6\$/, stderr);
  assert.doesNotMatch(stdout, /hidden/);
});
