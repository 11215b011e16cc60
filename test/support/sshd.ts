import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDirectory } from './files.js';
import { run, unless } from './programs.js';
import type { Scope } from './scope.js';
import { freePort, listening } from './sockets.js';

const SSHD = '/usr/sbin/sshd';

/** The `skip` option of a test that needs a server of OpenSSH, and more programs. */
export function unlessSshd(...programs: string[]): string | undefined {
  return unless('ssh-keygen', SSHD, ...programs);
}

/** The same for a test that lets its own user in: sshd has none whose account is locked, as `nobody`. */
export function unlessSshLogin(...programs: string[]): string | undefined {
  const isLocked = /nologin|false/.test(userInfo().shell ?? '');
  return isLocked ? 'sshd lets this user in nowhere' : unlessSshd(...programs);
}

/** Makes a key pair. @returns the file of the private key; the public one ends with `.pub`. */
export async function sshKey(
  t: Scope,
  folder: string,
  name: string,
  { type = 'ed25519', passphrase = '' } = {},
): Promise<string> {
  const file = join(folder, name);
  await run(t, 'ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', file]);
  return file;
}

/** The type and the key of a public key, as known_hosts has them. */
export function publicKey(file: string): string {
  return readFileSync(`${file}.pub`, 'latin1').split(' ').slice(0, 2).join(' ');
}

/** A server of OpenSSH at a port of 127.0.0.1, in whose folder all its keys are. */
export class Sshd {
  readonly port: number;
  readonly folder: string;
  /** What it lets in as {@link user}. */
  readonly key: string;
  readonly hostKey: string;
  /** A file of known hosts that has its key. */
  readonly known: string;
  readonly user = userInfo().username;
  /** What it has logged. */
  log = '';
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
    [this.key, this.hostKey, this.known] = ['key', 'host', 'known'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
  }

  /** @param more lines of sshd_config(5). */
  static async start(t: TestContext, more: readonly string[] = []): Promise<Sshd> {
    const folder = temporaryDirectory(t);
    const sshd = new Sshd(await freePort(t), folder);
    await Promise.all([sshKey(t, folder, 'key'), sshKey(t, folder, 'host')]);
    writeFileSync(sshd.known, `[127.0.0.1]:${sshd.port} ${publicKey(sshd.hostKey)}\n`);
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
    const lines = [
      ...more,
      `Port ${sshd.port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${sshd.hostKey}`,
      `AuthorizedKeysFile ${sshd.key}.pub`,
      `PidFile ${join(folder, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
    ];
    writeFileSync(join(folder, 'sshd_config'), lines.map((line) => `${line}\n`).join(''));
    t.after(() => sshd.kill());
    await sshd.begin();
    return sshd;
  }

  /** How often somebody was let in. */
  get logins(): number {
    return this.log.split(/Accepted \w+ for/).length - 1;
  }

  /** The URL of the way through it. */
  get url(): string {
    return `ssh://${this.user}@127.0.0.1:${this.port}`;
  }

  /** The settings of the extension by which it lets one in. */
  get settings(): { 'ssh.identityFile': string[]; 'ssh.knownHosts': string[] } {
    return { 'ssh.identityFile': [this.key], 'ssh.knownHosts': [this.known] };
  }

  /**
   * Makes a folder for PATH whose `ssh` has a configuration of its own, with the key and the known
   * hosts of this server; all else is the system's.
   */
  client(t: Scope): string {
    const folder = temporaryDirectory(t);
    const lines = [
      `IdentityFile ${this.key}`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${this.known}`,
      'GlobalKnownHostsFile /dev/null',
      'StrictHostKeyChecking yes',
    ];
    writeFileSync(join(folder, 'config'), lines.map((line) => `${line}\n`).join(''));
    const script = `#!/bin/sh\nexec /usr/bin/ssh -F ${join(folder, 'config')} "$@"\n`;
    writeFileSync(join(folder, 'ssh'), script, { mode: 0o755 });
    return folder;
  }

  async begin(): Promise<void> {
    const args = ['-D', '-e', '-f', join(this.folder, 'sshd_config')];
    const child = spawn(SSHD, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.log += text;
    });
    await listening(this.port);
  }

  /** Kills it with all that serve its connections, without a word to anybody. */
  kill(): void {
    const { pid } = this.#child ?? {};
    if (pid === undefined) return;
    for (const one of [pid, ...descendants(pid)]) {
      try {
        process.kill(one, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    this.#child = undefined;
  }
}

/** The process ids of all that a process has started, and these in turn; only on Linux. */
function descendants(pid: number): number[] {
  const all = readdirSync('/proc').flatMap((name) => {
    try {
      const stat = /^\d+$/.test(name) ? readFileSync(`/proc/${name}/stat`, 'latin1') : '';
      const [, parent] = /^.*\) \S (\d+)/s.exec(stat) ?? [];
      return parent === undefined ? [] : [{ pid: Number(name), parent: Number(parent) }];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
  const below = (id: number): number[] =>
    all.filter(({ parent }) => parent === id).flatMap((one) => [one.pid, ...below(one.pid)]);
  return below(pid);
}
