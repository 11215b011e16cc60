import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { has } from '../support/programs.js';

const SSHD = '/usr/sbin/sshd';
/** Where sshd listens: behind the ports of all other servers. */
const OFFSET = 500;

/**
 * `ssh -D` to a private sshd with keys of its own, in one process group.
 *
 * @throws {Error} if OpenSSH is not installed.
 */
export function sshCommand(port: number, folder: string): string[] {
  for (const program of ['ssh', 'ssh-keygen', SSHD]) {
    if (!has(program)) throw new Error(`${program} is not installed`);
  }
  const [host, key] = [join(folder, 'host'), join(folder, 'key')];
  for (const file of [host, key]) {
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  }
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const config = join(folder, 'sshd_config');
  const lines = [
    `Port ${port + OFFSET}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${host}`,
    `AuthorizedKeysFile ${key}.pub`,
    `PidFile ${join(folder, 'pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
  ];
  writeFileSync(config, lines.map((line) => `${line}\n`).join(''));
  const client = [
    ...['ssh', '-N', '-F', 'none', '-i', key, '-p', String(port + OFFSET)],
    ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'LogLevel=ERROR'],
    ...['-o', `UserKnownHostsFile=${join(folder, 'known')}`, '-D', `127.0.0.1:${port}`],
    '127.0.0.1',
  ];
  const program = `${SSHD} -D -f "$0" & until "$@"; do sleep 0.02; done`;
  return ['sh', '-c', program, config, ...client];
}
