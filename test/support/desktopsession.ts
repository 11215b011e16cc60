import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon, DEADLINE, within } from './daemon.js';
import { type Output, run } from './programs.js';
import { Cleanups, type Scope } from './scope.js';
import { endStragglers } from './stragglers.js';
import { startTrayHost, type TrayHost } from './trayhost.js';

/** The programs that a session needs, for `unless`. */
export const SESSION_PROGRAMS = [
  ...['dbus-daemon', 'Xvfb', 'gnome-keyring-daemon', 'secret-tool', 'gdbus', 'setpriv'],
] as const;

/** What of the caller's environment is about its own session. */
const CALLERS = [
  /^(DBUS|GNOME|KDE|WAYLAND|XDG)_/,
  /^(LANG|LANGUAGE|LC_\w+)$/,
  /^(DESKTOP_SESSION|DISPLAY|ELECTRON_RUN_AS_NODE|NODE_TEST_CONTEXT|SSH_AUTH_SOCK|XAUTHORITY)$/,
];

/** A bus that starts no service by itself: there is what the session started, and nothing else. */
const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:runtime=yes</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

const SECRETS = 'org.freedesktop.secrets';
const LOGIN = '/org/freedesktop/secrets/collection/login';
/** The password of the login keyring. */
const PASSWORD = 'opens the keyring';
/** The control request that a login sends with the password: to unlock. */
const UNLOCK = 1;

export interface DesktopSessionOptions {
  /** The state of the login keyring; with 'none' there is no Secret Service at all. */
  readonly keyring?: 'unlocked' | 'locked' | 'none';
  /** Whether something shows tray icons. */
  readonly trayHost?: boolean;
  /** The system's language, as `LANGUAGE` has it. */
  readonly language?: string;
}

/** What a stored secret is found by; keytar's have `service` and `account`. */
export type Attributes = Readonly<Record<string, string>>;

/** A secret that was found; without its password if it is locked. */
export interface Found {
  /** keytar's is `service/account`. */
  readonly label: string;
  readonly secret: string | undefined;
}

/**
 * A desktop of its own: a home, a session bus, a display, a keyring. Nobody is there to answer a
 * question: what would ask for the keyring's password is told that it cannot.
 *
 * It is a scope itself: what is to end before the desktop does, say an app, ends by its `after`.
 */
export class DesktopSession implements Scope {
  /** The environment of the programs in it. */
  readonly env: Readonly<Record<string, string>>;
  readonly home: string;
  readonly #scope: Scope;
  readonly #tray: TrayHost | undefined;
  readonly #keyring: Daemon | undefined;

  constructor(
    scope: Scope,
    env: Readonly<Record<string, string>>,
    tray: TrayHost | undefined,
    keyring: Daemon | undefined,
  ) {
    this.#scope = scope;
    this.env = env;
    this.home = env['HOME'] ?? '';
    this.#tray = tray;
    this.#keyring = keyring;
  }

  after(action: () => unknown): void {
    this.#scope.after(action);
  }

  /** What shows tray icons. */
  get tray(): TrayHost {
    if (this.#tray === undefined) throw new Error('this session has no tray host');
    return this.#tray;
  }

  /** Lets the keyring hang: it answers nobody, until it is thawed. */
  freeze(): void {
    this.#keyring?.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#keyring?.child.kill('SIGCONT');
  }

  /** Unlocks the keyring, as a login does. */
  async unlock(): Promise<void> {
    const request = Buffer.alloc(13);
    request.writeUInt32BE(12 + PASSWORD.length, 1);
    request.writeUInt32BE(UNLOCK, 5);
    request.writeUInt32BE(PASSWORD.length, 9);
    const socket = connect(join(this.env['XDG_RUNTIME_DIR'] ?? '', 'keyring/control'));
    const read = async () => {
      const parts: Buffer[] = [];
      for await (const part of socket) parts.push(part);
      return Buffer.concat(parts);
    };
    socket.write(Buffer.concat([request, Buffer.from(PASSWORD)]));
    const answer = await within('unlock', read()).finally(() => socket.destroy());
    if (answer.length !== 8 || answer.readUInt32BE(4) !== 0) throw new Error('not unlocked');
  }

  /** Locks the keyring. */
  async lock(): Promise<void> {
    const { stdout, stderr } = await this.#run('gdbus', [
      ...['call', '--session', '--dest', SECRETS, '--object-path', '/org/freedesktop/secrets'],
      ...['--method', 'org.freedesktop.Secret.Service.Lock', `['${LOGIN}']`],
    ]);
    if (!stdout.includes(LOGIN)) throw new Error(`not locked: ${stdout}${stderr}`);
  }

  /** The stored secret with these attributes; undefined if there is none, or it is locked. */
  async secretLookup(attributes: Attributes): Promise<string | undefined> {
    const { status, stdout, stderr } = await this.#secretTool(['lookup'], attributes);
    if (status !== 0 && stderr !== '') throw new Error(stderr);
    return status === 0 ? stdout : undefined;
  }

  /** Removes every stored secret with these attributes that is not locked. */
  async secretClear(attributes: Attributes): Promise<void> {
    const { status, stderr } = await this.#secretTool(['clear'], attributes);
    if (status !== 0 && stderr !== '') throw new Error(stderr);
  }

  /** Every stored secret with these attributes, locked ones too. */
  async secretSearchAll(attributes: Attributes): Promise<Found[]> {
    const { status, stdout, stderr } = await this.#secretTool(['search', '--all'], attributes);
    if (status !== 0 && stderr !== '') throw new Error(stderr);
    return stdout
      .split(/^\[.*\]$/m)
      .slice(1)
      .map((item) => ({
        label: /^label = (.*)$/m.exec(item)?.[1] ?? '',
        secret: /^secret = (.*?)\ncreated = /ms.exec(item)?.[1],
      }));
  }

  #secretTool(args: readonly string[], attributes: Attributes): Promise<Output> {
    return this.#run('secret-tool', [...args, ...Object.entries(attributes).flat()]);
  }

  #run(program: string, args: readonly string[]): Promise<Output> {
    return run(this, program, args, { env: this.env, timeout: DEADLINE });
  }
}

/** Makes a desktop session, for programs to be started in with its `env`; it ends with the test. */
export async function startDesktopSession(
  t: Scope,
  { keyring = 'unlocked', trayHost = false, language = 'en' }: DesktopSessionOptions = {},
): Promise<DesktopSession> {
  const scope = new Cleanups(t);
  const folder = mkdtempSync(join(tmpdir(), 'picosocks5-test-'));
  scope.after(() => rm(folder, { recursive: true, force: true }));
  scope.after(() => endStragglers(folder));
  const directory = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  const bare: Record<string, string> = {
    ...callersEnvironment(),
    LANGUAGE: language,
    HOME: directory('home'),
    XDG_CONFIG_HOME: directory('home/.config'),
    XDG_DATA_HOME: directory('home/.local/share'),
    XDG_CACHE_HOME: directory('home/.cache'),
    XDG_RUNTIME_DIR: directory('run'),
    TMPDIR: directory('tmp'),
  };

  const config = join(folder, 'bus.conf');
  writeFileSync(config, BUS);
  const busArgs = [`--config-file=${config}`, '--nofork', '--print-address=1'];
  const bus = new Daemon(scope, 'dbus-daemon', busArgs, bare);
  const screen = ['-screen', '0', '1400x900x24', '-nolisten', 'tcp', '-noreset'];
  const display = new Daemon(scope, 'Xvfb', ['-displayfd', '1', ...screen], bare);
  const [address, number] = await Promise.all([bus.line(), display.line()]);
  const env = { ...bare, DBUS_SESSION_BUS_ADDRESS: address, DISPLAY: `:${number}` };

  const daemon = keyring === 'none' ? undefined : await startKeyring(scope, env);
  const tray = trayHost ? await startTrayHost(scope, env) : undefined;
  const session = new DesktopSession(scope, env, tray, daemon);
  if (keyring === 'locked') await session.lock();
  return session;
}

function callersEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !CALLERS.some((its) => its.test(name))) kept[name] = value;
  }
  return kept;
}

/** Starts the keyring, unlocked, and waits until it can be asked. */
async function startKeyring(scope: Scope, env: NodeJS.ProcessEnv): Promise<Daemon> {
  const args = ['--foreground', '--unlock', '--components=secrets'];
  const keyring = new Daemon(scope, 'gnome-keyring-daemon', args, env);
  keyring.child.stdin?.end(PASSWORD);
  const wait = ['wait', '--session', '--timeout', String(DEADLINE / 1000), SECRETS];
  const { status } = await run(scope, 'gdbus', wait, { env, timeout: 2 * DEADLINE });
  if (status !== 0) throw keyring.ended();
  return keyring;
}
