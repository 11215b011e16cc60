import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, unless } from '../support/programs.js';
import { bytes, Client, echoServer } from '../support/sockets.js';
import { assertEcho, connectTo } from '../support/socks.js';

const skip = process.platform === 'win32' ? 'no UNIX sockets on Windows' : undefined;
const root = process.getuid?.() === 0 ? undefined : 'needs root';

/** Asserts that a client of a UNIX socket is served. */
async function serves(t: Parameters<typeof Client.connectPath>[0], path: string, echo: number) {
  const client = await Client.connectPath(t, path);
  client.send(5, 1, 0);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  await assertEcho(client, 'x'.repeat(100_000));
  return client;
}

describe('a UNIX socket of the program', { skip }, () => {
  for (const workers of ['1', '2']) {
    test(`is made, kept by a reload, removed and replaced, with ${workers} workers`, async (t) => {
      const echo = await echoServer(t);
      const path = join(temporaryDirectory(t), 'socket');
      const config = temporaryFile(t, `listen = unix:${path}\nunix-mode = 0660\n`);
      const args = ['-c', config, '--workers', workers, '--grace', '0'];
      const first = new Command(t, args);
      await first.line(new RegExp(`listening address=unix:${path}$`));
      assert.equal(statSync(path).mode & 0o777, 0o660);
      for (let i = 0; i < 8; i++) await serves(t, path, echo);
      first.child.kill('SIGHUP');
      await first.line(/ reloaded/);
      await serves(t, path, echo);
      if (process.platform === 'linux' && workers === '2') {
        const [worker = 0] = first.workers();
        process.kill(worker, 'SIGKILL');
        await first.line(/another one takes its place/);
        for (let i = 0; i < 8; i++) await serves(t, path, echo);
      }
      const second = new Command(t, args);
      await second.line(/address already in use \(another program answers there\)/);
      await serves(t, path, echo);
      assert.equal(await first.stop(), 0);
      assert.ok(!existsSync(path));

      const killed = new Command(t, args);
      await killed.line(/listening/);
      await killed.stop('SIGKILL');
      assert.ok(existsSync(path));
      // Workers end when the first process is gone.
      for (let ended = false; !ended; ) {
        const next = new Command(t, args);
        ended = await next.line(/listening/).then(
          () => true,
          () => false,
        );
        if (ended) await serves(t, path, echo);
      }
    });
  }

  test('is what curl and ncat connect to', { skip: unless('curl', 'ncat') }, async (t) => {
    const { url } = await webServer(t, { '/': 'hello' });
    const path = join(temporaryDirectory(t), 'socket');
    const command = new Command(t, [`unix:${path}`]);
    await command.line(/listening/);
    for (const scheme of ['socks5h', 'socks5', 'socks4a']) {
      const proxy = `${scheme}://localhost${path}`;
      const { stdout, stderr } = await run(t, 'curl', ['-sS', '--noproxy', '', '-x', proxy, url]);
      assert.equal(stdout, 'hello', stderr);
    }
    const ncat = await run(t, 'ncat', ['-U', path], { input: bytes(5, 1, 0) });
    assert.deepEqual(Buffer.from(ncat.stdout, 'latin1'), bytes(5, 0));
    await command.line(/closed #1 client=127\.0\.0\.1:0 .*reason=finished/);
    assert.match(command.stdout, new RegExp(`listens on unix:${path}\\n`));
    assert.match(command.stdout, new RegExp(`curl -x socks5h://localhost${path} `));
  });

  test('has an owner who need not be the one who serves', { skip: root }, async (t) => {
    const echo = await echoServer(t);
    const folder = temporaryDirectory(t);
    const path = join(folder, 'socket');
    const owner = ['--unix-owner', 'daemon:nogroup', '--unix-mode', '660'];
    const command = new Command(t, ['-u', 'nobody', ...owner, `unix:${path}`]);
    await command.line(/listening/);
    const { uid, gid, mode } = statSync(path);
    assert.deepEqual([uid, gid, mode & 0o777], [1, 65534, 0o660]);
    await serves(t, path, echo);
    command.child.kill('SIGHUP');
    await command.line(/ reloaded/);
    await serves(t, path, echo);
    assert.equal(await command.stop(), 0);
  });

  test('is said wrongly in one sentence', async (t) => {
    const config = temporaryFile(t, '[listener:local]\nlisten = unix:/x\nunix-mode = 0999\n');
    for (const [args, expected] of [
      [['unix:'], /^picosocks5: .*expected unix:PATH/],
      [['--unix-mode', 'rw', ':0'], /^picosocks5: --unix-mode: expected a mode such as 0600/],
      [['--unix-owner', 'a:b:c', ':0'], /^picosocks5: --unix-owner: expected USER\[:GROUP\]/],
      [['--unix-owner', 'no-such-user', 'unix:/x'], /unix-owner: there is no user "no-such-user"/],
      [['-c', config], /:3: unix-mode: expected a mode/],
      [['fd@x'], /expected fd@NUMBER/],
      [['fd@987'], /fd@987: the descriptor is no stream socket/],
    ] as const) {
      const command = new Command(t, [...args]);
      await command.line(expected);
    }
  });
});
