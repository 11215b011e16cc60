import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { run, unless } from '../support/programs.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';

const unix = process.platform === 'win32' ? 'no signals on Windows' : undefined;
const linux = process.platform === 'linux' ? undefined : 'needs /proc';

/** Where Node's debugger would listen. */
async function debuggerListens(): Promise<boolean> {
  const socket = connect(9229, '127.0.0.1').setTimeout(1000, () => socket.destroy());
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy()).on('error', () => {});
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

for (const workers of ['1', '2']) {
  test(`SIGUSR1 opens no debugger, and says how it is (${workers})`, {
    skip: workers === '1' ? unix : linux,
  }, async (t) => {
    assert.equal(await debuggerListens(), false, 'another program has the port');
    const port = await freePort(t);
    const command = new Command(t, ['--workers', workers, '--grace', '0', `127.0.0.1:${port}`]);
    await command.line(/listening address=/);
    const client = await connected(t, port, await echoServer(t));
    await assertEcho(client);
    const all = [command.child.pid ?? 0, ...(workers === '1' ? [] : command.children())];
    for (const pid of all) process.kill(pid, 'SIGUSR1');
    const [line] = await command.line(/notice status .*/);
    assert.match(
      line,
      workers === '1' ? / uptime=\d+ connections=1 / : / workers=2 connections=1 /,
    );
    assert.match(
      line,
      / handshakes=0 connect=1 bind=0 associate=0 users=0 up=4 down=4 memory=\d+$/,
    );
    await assertEcho(client);
    assert.equal(await debuggerListens(), false);
    assert.doesNotMatch(command.lines.join('\n'), /Debugger/);
    assert.equal(await command.stop(), 0);
  });

  test(`--log-file is opened again by SIGUSR1 and SIGHUP, and loses no line (${workers})`, {
    skip: unix,
  }, async (t) => {
    const file = join(temporaryDirectory(t), 'log');
    const said = (name = file) => (existsSync(name) ? readFileSync(name, 'utf8') : '');
    const port = await freePort(t);
    const args = ['--workers', workers, '--grace', '0', '--log-file', file, `127.0.0.1:${port}`];
    const command = new Command(t, args);
    await until(() => /listening address=/.test(said()));
    const echo = await echoServer(t);
    const use = async () => {
      const client = await connected(t, port, echo);
      await assertEcho(client);
      client.socket.end();
      await client.readAll();
    };
    await use();
    await until(() => /closed #/.test(said()));
    for (const [i, signal] of (['SIGUSR1', 'SIGHUP'] as const).entries()) {
      renameSync(file, `${file}.${i}`);
      await use();
      await until(() => said(`${file}.${i}`).split('closed #').length === (i === 0 ? 3 : 2));
      command.child.kill(signal);
      await until(() => existsSync(file));
      await use();
      await until(() => /closed #/.test(said()));
    }
    assert.equal(await command.stop(), 0);
    const all = said(`${file}.0`) + said(`${file}.1`) + said();
    assert.equal(all.split('closed #').length - 1, 5);
    for (const line of all.split('\n').slice(0, -1))
      assert.match(line, /^\d{4}-\S+Z (info|notice) /);
    assert.deepEqual(command.lines, []);
    assert.equal(command.stdout, '');
  });
}

test('a log file that cannot be opened again goes on where it was', { skip: unix }, async (t) => {
  const folder = join(temporaryDirectory(t), 'logs');
  mkdirSync(folder);
  const command = new Command(t, ['--log-file', join(folder, 'log'), '127.0.0.1:0']);
  await until(() => existsSync(join(folder, 'log')));
  renameSync(folder, `${folder}.old`);
  const text = () => readFileSync(join(`${folder}.old`, 'log'), 'utf8');
  await until(() => /listening/.test(text()));
  command.child.kill('SIGUSR1');
  await until(() =>
    /warn +cannot open the log file ".*": no such file or dir.*; the log/.test(text()),
  );
  assert.equal(await command.stop(), 0);
  assert.match(text(), /stopped/);
});

const PYTHON = '/usr/bin/python3';
/** Ends a server that cannot write to its stderr, a pipe or a terminal, and says what is left. */
const blockedStderr = String.raw`
import os, select, socket, subprocess, sys, time
kind, echo, port, argv = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
read, write = os.openpty() if kind == 'terminal' else os.pipe()
server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=write)
def served():
    s = socket.create_connection(('127.0.0.1', port), 5)
    s.sendall(b'\x05\x01\x00' + b'\x05\x01\x00\x01\x7f\x00\x00\x01' + echo.to_bytes(2, 'big'))
    while len(s.recv(100)) == 2: pass
server.stdout.readline()
full = lambda: not select.select([], [write], [], 0)[1]
while not full(): served()
for i in range(50): served()
children = open(f'/proc/{server.pid}/task/{server.pid}/children').read().split()
server.terminate()
print('status', server.wait(20))
def runs(pid):
    try: return open(f'/proc/{pid}/stat').read().split()[2] != 'Z'
    except OSError: return False
for i in range(100):
    left = [pid for pid in children if runs(pid)]
    if not left: break
    time.sleep(0.05)
print('left', left)
`;

async function endBlocked(t: TestContext, kind: string, workers: string) {
  const port = await freePort(t);
  const args = ['--workers', workers, '-v', 'debug', '--grace', '0', `127.0.0.1:${port}`];
  const server = [process.execPath, PICOSOCKS5, ...args];
  const echo = await echoServer(t);
  return run(t, PYTHON, ['-c', blockedStderr, kind, `${echo}`, `${port}`, ...server]);
}

for (const kind of ['pipe', 'terminal']) {
  for (const workers of ['1', '2']) {
    test(`a ${kind} that nobody reads keeps no process from ending (${workers})`, {
      skip: unless(PYTHON) ?? linux,
    }, async (t) => {
      const { stdout, stderr } = await endBlocked(t, kind, workers);
      assert.equal(stdout, 'status 0\nleft []\n', stderr);
    });
  }
}
