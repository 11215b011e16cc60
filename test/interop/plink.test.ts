import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { run, unless } from '../support/programs.js';
import { serve } from '../support/sockets.js';
import { passwordFile, plainSecret } from '../support/users.js';

test("PuTTY's plink authenticates by CHAP", { skip: unless('plink') }, async (t) => {
  const target = await serve(t, (socket) => socket.end('welcome'));
  const users = passwordFile(t, `alice:staff:${plainSecret('se:cret')}`);
  const command = new Command(t, ['-v', 'debug', '-a', users, '127.0.0.1:0']);
  const proxy = await command.port();
  const home = temporaryDirectory(t);
  const sessions = join(home, '.putty', 'sessions');
  mkdirSync(sessions, { recursive: true });
  for (const [name, password] of [
    ['right', 'se:cret'],
    ['wrong', 'other'],
  ] as const) {
    const lines = {
      HostName: '127.0.0.1',
      PortNumber: target,
      Protocol: 'raw',
      ProxyMethod: 2,
      ProxyHost: '127.0.0.1',
      ProxyPort: proxy,
      ProxyUsername: 'alice',
      ProxyPassword: password,
      ProxyLocalhost: 1,
      ProxyDNS: 1,
    };
    const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(join(sessions, name), text.join(''));
  }
  const env = { ...process.env, HOME: home };
  const plink = (name: string) => run(t, 'plink', ['-batch', '-load', name], { env });

  assert.equal((await plink('right')).stdout, 'welcome');
  await command.line(/authenticated #1 .*user=alice group=staff method=chap/);
  const wrong = await plink('wrong');
  assert.equal(wrong.stdout, '');
  await command.line(/authentication-failed #2 .*user=alice method=chap/);
});
