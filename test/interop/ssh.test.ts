import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { sha256 } from '../support/http.js';
import { run, start, unless } from '../support/programs.js';
import { freePort, listening } from '../support/sockets.js';

const SSHD = '/usr/sbin/sshd';

const noShell = /nologin|false/.test(userInfo().shell ?? '') ? 'this user has no shell' : undefined;
const skip = unless('ssh', 'ssh-keygen', 'ncat', SSHD) ?? noShell;
test('OpenSSH through ncat', { skip }, async (t) => {
  const folder = temporaryDirectory(t);
  const [hostKey, key] = [join(folder, 'host'), join(folder, 'key')];
  for (const file of [hostKey, key]) {
    await run(t, 'ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  }
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  const port = await freePort(t);
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${key}.pub`,
    `PidFile ${join(folder, 'pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
  ];
  const config = temporaryFile(t, lines.map((line) => `${line}\n`).join(''));
  start(t, SSHD, ['-D', '-e', '-f', config]);
  await listening(port);

  const proxy = await new Command(t, ['127.0.0.1:0']).port();
  const data = randomBytes(3_000_000);
  const { stdout, stderr } = await run(
    t,
    'ssh',
    [
      ...['-F', 'none', '-i', key, '-p', String(port), '-o', 'BatchMode=yes'],
      ...['-o', 'StrictHostKeyChecking=no', '-o', `UserKnownHostsFile=${join(folder, 'known')}`],
      ...['-o', `ProxyCommand=ncat --proxy 127.0.0.1:${proxy} --proxy-type socks5 %h %p`],
      ...['127.0.0.1', 'sha256sum'],
    ],
    { input: data },
  );
  assert.equal(stdout.split(' ')[0], sha256(data), stderr);
});
