import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from 'picosocks5';
import type { RemoteSettings } from '../ipc/contract.js';
import { text } from '../words/words.js';
import { type Link, RefusedError } from './link.js';

/** How long `ssh` has to log in and to forward, ms. */
const LOGIN_TIME = 30_000;
/** How often it is looked whether it forwards, ms. */
const LOOK = 50;
/** Characters that are kept of what it says. */
const MAX_SAID = 8192;

/**
 * Ends ssh when this process has ended, however it did: then there is nobody any more who holds the
 * other end of stdin.
 */
const GUARDED = [
  'exec 3<&0',
  'ssh "$@" </dev/null & ssh=$!',
  '{ read -r _ <&3; kill "$ssh" 2>/dev/null; } >/dev/null 2>&1 & guard=$!',
  'wait "$ssh"; status=$?',
  'kill "$guard" 2>/dev/null',
  'exit "$status"',
].join('\n');

/** What ssh says that no further try makes better. */
const FINAL = /permission denied|host key|authentication|bad configuration|no such identity/i;

/** Where the other end of what is forwarded is, and how it is asked. */
interface Target {
  /** As `ssh -L` has it. */
  readonly place: string;
  readonly host: string;
  readonly isSocket: boolean;
}

/** @throws {UserError} if a control interface cannot be there. */
export function controlTarget(control: string): Target {
  const path = control.replace(/^unix:/, '');
  if (/^\/[\w.+@,/-]+$/.test(path)) return { place: path, host: 'localhost', isSocket: true };
  const [, host, port] = /^(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$/.exec(control) ?? [];
  if (host !== undefined && Number(port) >= 1 && Number(port) <= 65_535) {
    return { place: `${host}:${port}`, host: `${host}:${port}`, isSocket: false };
  }
  throw new UserError(text('servers.wrongControl', { control }));
}

/** The arguments of ssh(1). @param from where it listens here: a path, or an address and port. */
export function sshArguments(
  { host, port, user }: Pick<RemoteSettings, 'host' | 'port' | 'user'>,
  from: string,
  place: string,
): string[] {
  const options = {
    BatchMode: 'yes',
    ConnectTimeout: '15',
    ServerAliveInterval: '10',
    ServerAliveCountMax: '3',
    // What the configuration forwards besides may be forwarded by another ssh at present.
    ExitOnForwardFailure: 'no',
    ControlMaster: 'no',
    ControlPath: 'none',
    RemoteCommand: 'none',
    RequestTTY: 'no',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    PermitLocalCommand: 'no',
    StreamLocalBindMask: '0177',
  };
  return [
    ...['-N', '-T', '-a', '-x'],
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...(port === 0 ? [] : ['-p', String(port)]),
    ...(user === '' ? [] : ['-l', user]),
    // Percent signs stand for tokens in paths (ssh_config(5), TOKENS).
    ...['-L', `${from.replaceAll('%', '%%')}:${place}`],
    ...['--', host],
  ];
}

/**
 * A link through SSH: the system's `ssh`, with the keys, agents, configuration and known hosts of the
 * user, forwards a UNIX socket in a folder that nobody else can enter; on Windows, where ssh has none,
 * a port of loopback, behind which a token is needed.
 *
 * @param signal ends it while it is made.
 * @throws {UserError} with what ssh says, if it cannot be made; {@link RefusedError}.
 */
export async function sshLink(settings: RemoteSettings, signal: AbortSignal): Promise<Link> {
  const target = controlTarget(settings.control);
  const isWindows = process.platform === 'win32';
  if (isWindows && target.isSocket) throw new RefusedError(text('servers.windowsSocket'));
  const folder = isWindows ? undefined : await mkdtemp(join(tmpdir(), 'picosocks5-'));
  const tidy = () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  const here = folder === undefined ? await freePort() : join(folder, 'control.sock');
  const from = typeof here === 'number' ? `127.0.0.1:${here}` : here;
  const ssh = new Ssh(sshArguments(settings, from, target.place));
  void ssh.ended.then(tidy);
  const connect = () => connected(here);
  try {
    await ready(ssh, connect, signal);
  } catch (error) {
    ssh.close();
    tidy();
    throw error;
  }
  return {
    connect,
    host: target.host,
    lost: ssh.ended.then(() => ssh.reason),
    close() {
      ssh.close();
      tidy();
    },
  };
}

/** Waits until something listens here. @throws {UserError} why nothing does. */
async function ready(ssh: Ssh, connect: () => Promise<Socket>, signal: AbortSignal): Promise<void> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(LOGIN_TIME)]);
  while (!ssh.hasEnded) {
    const socket = await connect().catch(() => undefined);
    socket?.destroy();
    if (socket !== undefined && !ssh.hasEnded) return;
    if (late.aborted) throw new UserError(text('servers.sshTime', { said: ssh.said }));
    await Promise.race([delay(LOOK), ssh.ended]);
  }
  if (FINAL.test(ssh.said)) throw new RefusedError(ssh.reason);
  throw new UserError(ssh.reason);
}

/** @param where a path, or a port of 127.0.0.1. */
function connected(where: string | number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      typeof where === 'number' ? connectTo(where, '127.0.0.1') : connectTo({ path: where });
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A process of ssh(1), which ends with this one. */
class Ssh {
  readonly ended: Promise<void>;
  hasEnded = false;
  readonly #child: ChildProcess;
  #text = '';
  #isMissing = false;

  constructor(args: readonly string[]) {
    const options = { stdio: ['pipe', 'ignore', 'pipe'] as ['pipe', 'ignore', 'pipe'] };
    const child =
      process.platform === 'win32'
        ? spawn('ssh', args, { ...options, windowsHide: true })
        : spawn('sh', ['-c', GUARDED, 'ssh', ...args], options);
    this.#child = child;
    child.stdin.on('error', () => {});
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      this.#text = (this.#text + more).slice(-MAX_SAID);
    });
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.hasEnded = true;
        resolve();
      };
      child.once('error', () => {
        this.#isMissing = true;
        end();
      });
      child.once('close', (status) => {
        // What sh says of a program that is not there (POSIX, 2.8.2).
        if (status === 127) this.#isMissing = true;
        end();
      });
    });
  }

  /** The last line that it has said. */
  get said(): string {
    const lines = this.#text.split(/\r?\n/).map((line) => line.trim());
    return lines.filter((line) => line !== '').at(-1) ?? '';
  }

  /** Why it has ended, in a sentence. */
  get reason(): string {
    const { said } = this;
    if (this.#isMissing) return text('servers.noSsh');
    if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(this.#text)) {
      return text('servers.hostKeyChanged');
    }
    if (/host key verification failed/i.test(said)) return text('servers.hostKeyUnknown');
    if (/permission denied/i.test(said)) return text('servers.sshDenied', { said });
    return said === '' ? text('servers.sshEnded') : text('servers.sshSaid', { said });
  }

  close(): void {
    // Its guard sees that, too, where a signal would reach the shell only.
    this.#child.stdin?.end();
    if (process.platform === 'win32') this.#child.kill();
  }
}
