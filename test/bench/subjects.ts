import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { certificate } from '../support/certificates.js';
import { PICOSOCKS5 } from '../support/command.js';
import { has } from '../support/programs.js';
import { HASH_OF_SECRET, plainSecret } from '../support/users.js';
import { PASSWORD, USER } from './load/job.js';
import { NPM_SUBJECTS, type NpmFolder } from './npm.js';
import { PROGRAM } from './options.js';
import { danteConfig, hevConfig, stunnelConfig, threeProxyConfig } from './peerconfigs.js';
import { sshCommand } from './ssh.js';

/** How a server is used: by anybody, for datagrams, by a user, or over TLS. */
export type Mode = 'plain' | 'udp' | 'password' | 'chap' | 'tls';

/** What is measured: a server, or the destination without one. */
export interface Contender {
  /** What --subjects calls it. */
  readonly id: string;
  readonly title: string;
  /** Measured in these only. */
  readonly modes: readonly Mode[];
}

/** The destination itself: what it and the load generator can do at most. */
export const DIRECT: Contender = { id: 'direct', title: 'direct', modes: ['plain', 'udp'] };

/** A server to be measured. */
export interface Subject extends Contender {
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

function needed(program: string): string {
  if (!has(program)) throw new Error(`${program} is not installed`);
  return program;
}

/** Writes a certificate and its key to a file. @returns its path. */
function tlsFile(folder: string): string {
  const file = join(folder, 'tls.pem');
  const { cert, key } = certificate();
  writeFileSync(file, cert + key, { mode: 0o600 });
  return file;
}

/** How far from a server's port is that of one behind it. */
const BEHIND = 500;

const script = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** The first version number in what a command prints. */
export function versionIn(program: string, ...args: string[]): string | undefined {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return /\d+(\.\d+)+(p\d+)?/.exec(`${stdout}${stderr}`)?.[0];
}

interface OursOptions extends Pick<Subject, 'id' | 'title'> {
  readonly modes?: readonly Mode[];
  readonly program?: string;
  readonly args?: readonly string[];
}

/** Whether it is a server rather than {@link DIRECT}. */
export function isSubject(contender: Contender): contender is Subject {
  return contender !== DIRECT;
}

function ours(node: string, { program = PICOSOCKS5, args = [], ...about }: OursOptions): Subject {
  return {
    modes: ['plain', 'udp', 'password', 'chap', 'tls'],
    ...about,
    version: () => versionIn(node, program, '--version'),
    command: (port, mode, folder) => {
      const users = join(folder, 'users');
      const secret = mode === 'chap' ? plainSecret(PASSWORD) : HASH_OF_SECRET;
      writeFileSync(users, `${USER}::${secret}\n`, { mode: 0o600 });
      const auth = mode === 'password' || mode === 'chap' ? ['-a', users] : [];
      const address = `127.0.0.1:${port}`;
      const listen =
        mode === 'tls' ? ['--tls-cert', tlsFile(folder), `tls://${address}`] : [address];
      return [node, program, ...auth, '-v', 'none', ...args, ...listen];
    },
  };
}

/** How far behind a server's port the one is that it goes through: behind those of all others. */
const UPSTREAM_OFFSET = 1000;

/**
 * Ours with an upstream before it, microsocks. That runs beside it in the same process group, so that
 * both end together, but as nobody's child: what is measured is ours alone.
 */
function throughUpstream(node: string): Subject {
  const plain = ours(node, {
    id: 'picosocks5-via',
    title: 'PicoSOCKS5, through SOCKS 5',
    modes: ['plain'],
  });
  return {
    ...plain,
    command: (port, mode, folder) => {
      const upstream = String(port + UPSTREAM_OFFSET);
      const script = `(${needed('microsocks')} -i 127.0.0.1 -p ${upstream} &); exec "$0" "$@"`;
      const [program = '', ...args] = plain.command(port, mode, folder);
      return ['sh', '-c', script, program, ...args, '--via', `socks5://127.0.0.1:${upstream}`];
    },
  };
}

/** This version of ours and, if there is a checkout of one, an earlier one. */
function allOfOurs(node: string, baseline: string | undefined): Subject[] {
  const plain = ['plain'] as const;
  const list = [
    ours(node, { id: 'picosocks5', title: 'PicoSOCKS5' }),
    ours(node, {
      id: 'picosocks5-log',
      title: 'PicoSOCKS5, access log',
      modes: plain,
      args: ['-v', 'info'],
    }),
    ours(node, {
      id: 'picosocks5-workers',
      title: 'PicoSOCKS5, 2 workers',
      modes: plain,
      args: ['--workers', '2'],
    }),
    throughUpstream(node),
  ];
  if (baseline === undefined) return list;
  const program = join(baseline, PROGRAM);
  const earlier = ours(node, { id: 'baseline', title: 'PicoSOCKS5 (baseline)', program });
  const version = () => [earlier.version(), commitOf(baseline)].filter(Boolean).join(' ');
  return [...list.slice(0, 1), { ...earlier, version }, ...list.slice(1)];
}

/** The commit of a checkout, if it is one. */
function commitOf(folder: string): string | undefined {
  const { status, stdout } = spawnSync('git', ['-C', folder, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * Servers by the order in which they are measured.
 *
 * @param node what runs those that are written for Node.
 * @param baseline the folder of a built checkout of an earlier version, if it is measured too.
 */
export function subjects(node: string, npm: NpmFolder, baseline?: string): Subject[] {
  return [
    ...allOfOurs(node, baseline),
    {
      id: 'dante',
      title: 'Dante',
      modes: ['plain', 'udp'],
      version: () => versionIn('danted', '-v'),
      command: (port, _mode, folder) => {
        const file = join(folder, 'danted.conf');
        writeFileSync(file, danteConfig(port));
        return [needed('danted'), '-f', file, '-p', join(folder, 'pid')];
      },
    },
    {
      id: 'hev',
      title: 'hev-socks5-server',
      modes: ['plain', 'udp', 'password'],
      version: () => versionIn('hev-socks5-server'),
      command: (port, mode, folder) => {
        const file = join(folder, 'hev.yml');
        writeFileSync(file, hevConfig(port, mode), { mode: 0o600 });
        return [needed('hev-socks5-server'), file];
      },
    },
    {
      id: '3proxy',
      title: '3proxy',
      modes: ['plain', 'udp', 'password'],
      version: () => versionIn('3proxy', '--help'),
      command: (port, mode, folder) => {
        const file = join(folder, '3proxy.cfg');
        writeFileSync(file, threeProxyConfig(port, mode), { mode: 0o600 });
        return [needed('3proxy'), file];
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
    {
      id: 'tlspipe',
      title: 'plain TLS pipe',
      modes: ['tls'],
      version: () => undefined,
      command: (port, _mode, folder) => [
        ...[node, script('./tlsrelay.js'), String(port), tlsFile(folder)],
      ],
    },
    {
      id: 'stunnel',
      title: 'stunnel, microsocks',
      modes: ['tls'],
      version: () => versionIn('stunnel4', '-version'),
      command: (port, _mode, folder) => {
        const file = join(folder, 'stunnel.conf');
        const behind = port + BEHIND;
        writeFileSync(file, stunnelConfig(port, behind, tlsFile(folder)));
        const both = '"$1" -i 127.0.0.1 -p "$2" & exec "$3" "$4"';
        const programs = [needed('microsocks'), String(behind), needed('stunnel4'), file];
        return ['sh', '-c', both, 'sh', ...programs];
      },
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
