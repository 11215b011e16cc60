import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { unless } from '../support/programs.js';
import { address, login, request } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const unix = process.platform === 'win32' ? 'no logger(1) on Windows' : undefined;

/** A logger(1) of the test's own, on the PATH of a server. */
function start(t: TestContext, script: string, ...args: string[]) {
  const folder = temporaryDirectory(t);
  const out = join(folder, 'out');
  writeFileSync(out, '');
  writeFileSync(join(folder, 'logger'), `#!/bin/sh\nout=${out}\n${script}\n`);
  chmodSync(join(folder, 'logger'), 0o755);
  const env = { PATH: `${folder}:${process.env['PATH']}` };
  const users = passwordFile(t, `alice::${plainSecret('pw')}`);
  const command = new Command(
    t,
    ['-L', 'combined', '-A', '-a', users, ...args, '127.0.0.1:0'],
    env,
  );
  const written = () => readFileSync(out, 'utf8');
  const until = async (pattern: RegExp) => {
    while (!pattern.test(written())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { command, out, written, until };
}

/** Whether there is a process of that id, be it that nobody has heard of its end yet. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Names whose line in the log is longer than what logger(1) takes for one message. */
const names = [
  `${'\u0001'.repeat(162)}xx closed #1 client=203.0.113.9:4711 user=alice command=connect`,
  `"${'\\'.repeat(200)} <3>kernel: panic`,
  'é'.repeat(127),
  'x'.repeat(255),
];

for (const format of ['text', 'json']) {
  test(`each event is one message of logger(1), whatever a client says (${format})`, {
    skip: unless('logger') ?? unix,
  }, async (t) => {
    // The system's own, which writes its messages to stderr instead of to syslogd.
    const script =
      'PATH=/usr/bin:/bin exec logger --no-act --stderr --socket-errors=off "$@" 2>>$out';
    const { command, written } = start(t, script, '-v', 'debug', '--log-format', format);
    const port = Number((await command.line(/"port":(\d+)|address=\S*:(\d+)/)).slice(1).join(''));
    for (const name of names) {
      await login(t, port, name, 'no');
      // How it is answered is not at issue here.
      const destination = address(Buffer.from(name).subarray(0, 255).toString('latin1'), 1);
      await request(t, port, 1, destination).catch(() => {});
    }
    assert.equal(await command.stop(), 0);
    const messages = written().trimEnd().split('\n');
    const events = command.lines.filter((line) => !/there is no syslog/.test(line));
    assert.equal(messages.length, events.length);
    for (const message of messages) {
      const text = message.replace(/^<\d+>\w+ +\d+ [\d:]+ picosocks5\[\d+\]: /, '');
      assert.notEqual(text, message);
      assert.ok(text.length <= 900, text);
      assert.match(text, /^[\x20-\x7e]+$/);
      if (format === 'json') JSON.parse(text);
      else assert.match(text, /^[a-z-]+ (#\d+ client=127\.0\.0\.1|address=)/);
    }
  });
}

test('a logger(1) that ends is started again, and that is told', { skip: unix }, async (t) => {
  // It takes one message, and ends.
  const script = 'read -r line; echo $$ >> $out.ids; echo "$line" >> $out; exit 7';
  const { command, out, written, until } = start(t, script);
  // What comes while one is ending is lost.
  const allEnded = async () => {
    for (const id of readFileSync(`${out}.ids`, 'utf8').trim().split('\n')) {
      while (isThere(Number(id))) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const port = await command.port();
  await command.line(/warn +logger\(1\) has ended \(7\): messages to syslog may be lost; it is/);
  await until(/^logger\(1\) has ended \(7\): messages may be lost$/m);
  for (let i = 1; i <= 3; i++) {
    await allEnded();
    await request(t, port, 1, address('127.0.0.1', 1));
    await until(new RegExp(`^rejected #${i} `, 'm'));
    await until(new RegExp(`^closed #${i} `, 'm'));
  }
  await allEnded();
  assert.equal(await command.stop(), 0);
  const told = command.lines.filter((line) => /logger\(1\) has ended/.test(line));
  assert.equal(told.length, 1, 'not each time');
  assert.match(written(), /^stopped /m);
});

test('without logger(1) it is told once, and the server goes on', { skip: unix }, async (t) => {
  const { command } = start(t, '', '-v', 'debug');
  await command.stop();
  const env = { PATH: temporaryDirectory(t) };
  const without = new Command(t, ['-L', 'syslog', '127.0.0.1:0'], env);
  await without.line(/^picosocks5: logger\(1\) cannot be started: no such file or directory: /);
  assert.equal(await without.stop(), 0);
  assert.equal(without.lines.filter((line) => /logger/.test(line)).length, 1);
});

test('a logger(1) that reads nothing does not keep the server from ending', {
  skip: unix,
}, async (t) => {
  const { command } = start(t, 'exec sleep 60');
  await command.port();
  const begun = performance.now();
  assert.equal(await command.stop(), 0);
  assert.ok(performance.now() - begun < 10_000);
});
