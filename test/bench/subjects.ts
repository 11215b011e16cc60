import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PICOSOCKS5 } from '../support/command.js';
import { has } from '../support/programs.js';
import { HASH_OF_SECRET, plainSecret } from '../support/users.js';
import { PASSWORD, USER } from './load/job.js';
import { NPM_SUBJECTS, type NpmFolder } from './npm.js';
import { sshCommand } from './ssh.js';

/** How a server is used: by anybody, for datagrams, or by a user. */
export type Mode = 'plain' | 'udp' | 'password' | 'chap';

/** A server to be measured. */
export interface Subject {
  /** What --subjects calls it. */
  readonly id: string;
  readonly title: string;
  /** Measured in these only. */
  readonly modes: readonly Mode[];
  /**
   * The command that listens at a port of 127.0.0.1.
   *
   * @param folder for its files, removed at the end; what it prints is in `log` there.
   * @throws {Error} that says why it cannot be measured here.
   */
  command(port: number, mode: Mode, folder: string): readonly string[];
  /** Which version it is, as far as it can be told. */
  version(): string | undefined;
}

const dante = (port: number) => `
logoutput: /dev/null
internal: 127.0.0.1 port = ${port}
external: lo
clientmethod: none
socksmethod: none
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
`;

const limits = ['--maxconn', '0', '--maxconn-per-address', '0', '--maxconn-per-user', '0'];

function needed(program: string): string {
  if (!has(program)) throw new Error(`${program} is not installed`);
  return program;
}

const script = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** The first version number in what a command prints. */
export function versionIn(program: string, ...args: string[]): string | undefined {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return /\d+(\.\d+)+(p\d+)?/.exec(`${stdout}${stderr}`)?.[0];
}

function picosocks5(node: string, id: string, title: string, level: string): Subject {
  return {
    id,
    title,
    modes: ['plain', 'udp', 'password', 'chap'],
    version: () => versionIn(node, PICOSOCKS5, '--version'),
    command: (port, mode, folder) => {
      const users = join(folder, 'users');
      const secret = mode === 'chap' ? plainSecret(PASSWORD) : HASH_OF_SECRET;
      writeFileSync(users, `${USER}::${secret}\n`, { mode: 0o600 });
      const auth = mode === 'password' || mode === 'chap' ? ['-a', users] : [];
      return [node, PICOSOCKS5, ...limits, ...auth, '-v', level, `127.0.0.1:${port}`];
    },
  };
}

/**
 * Servers by the order in which they are measured.
 *
 * @param node what runs those that are written for Node.
 */
export function subjects(node: string, npm: NpmFolder): Subject[] {
  return [
    picosocks5(node, 'picosocks5', 'PicoSOCKS5', 'none'),
    picosocks5(node, 'picosocks5-log', 'PicoSOCKS5, access log', 'info'),
    {
      id: 'dante',
      title: 'Dante',
      modes: ['plain', 'udp'],
      version: () => versionIn('danted', '-v'),
      command: (port, _mode, folder) => {
        const file = join(folder, 'danted.conf');
        writeFileSync(file, dante(port));
        return [needed('danted'), '-f', file, '-p', join(folder, 'pid')];
      },
    },
    {
      id: 'microsocks',
      title: 'microsocks',
      modes: ['plain', 'password'],
      version: () => versionIn('dpkg-query', '--show', 'microsocks'),
      command: (port, mode) => [
        ...[needed('microsocks'), '-i', '127.0.0.1', '-p', String(port)],
        ...(mode === 'password' ? ['-u', USER, '-P', PASSWORD] : []),
      ],
    },
    {
      id: 'ssh',
      title: 'ssh -D',
      modes: ['plain'],
      version: () => versionIn('ssh', '-V'),
      command: (port, _mode, folder) => sshCommand(port, folder),
    },
    {
      id: 'pipe',
      title: 'plain pipe',
      modes: ['plain'],
      version: () => undefined,
      command: (port) => [node, script('./piperelay.js'), String(port)],
    },
    ...NPM_SUBJECTS.map(
      ({ id, module }): Subject => ({
        id,
        title: module,
        modes: ['plain', 'password'],
        version: () => npm.version(module),
        command: (port, mode) => [
          ...[node, script('./npmrelay.js'), npm.resolve(module), id, String(port)],
          ...(mode === 'password' ? [USER, PASSWORD] : []),
        ],
      }),
    ),
  ];
}
