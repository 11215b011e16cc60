import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { within } from './daemon.js';
import { temporaryDirectory } from './files.js';
import { type Output, type RunOptions, run, unless } from './programs.js';
import type { Scope } from './scope.js';
import { endStragglers } from './stragglers.js';

/** How long a program may take until it says something, ms. */
const PATIENCE = 60_000;

/** The `skip` option of a test that needs a stage: its reason, or undefined. */
export function unlessStage(): string | undefined {
  const missing = unless('unshare', 'nsenter', 'ip', 'mount');
  if (missing !== undefined) return missing;
  const { status } = spawnSync('unshare', ['--mount', '--net', 'true'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'namespaces are not permitted here';
}

/**
 * What is set up: a copy of /etc, empty /var/lib and /var/log, and a network of loopback only, where
 * who connects is 127.0.0.1.
 */
const SETUP = `
set -e
cp -a /etc "$1/etc"
mount --bind "$1/etc" /etc
for folder in /var/lib /var/log; do mount -t tmpfs -o mode=755 none $folder; done
ip link set lo up
shift
for pair; do
  address=\${pair%%=*}
  ip address add "$address/32" dev lo
  ip route replace local "$address/32" dev lo table local src 127.0.0.1
  names="$names$address \${pair#*=}\n"
done
printf "127.0.0.1 localhost\n$names" > /etc/hosts
echo ready
exec cat
`;

/** A program on a stage that runs until it is stopped. */
export class Running {
  readonly #child: ChildProcess;
  /** What it has said so far. */
  output = '';
  readonly #waiting = new Set<() => void>();
  #ended = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) throw new Error('not piped');
      createInterface({ input: stream }).on('line', (line) => {
        this.output += `${line}\n`;
        this.#wake();
      });
    }
    child.once('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Waits until it has said something; rejects if it ends without, or takes too long. */
  async says(pattern: RegExp): Promise<void> {
    try {
      await within('a line', this.#until(pattern), PATIENCE);
    } catch (error) {
      throw new Error(`no ${pattern} in: ${this.output}`, { cause: error });
    }
  }

  async #until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.#ended) throw new Error('it has ended');
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Sends a signal to it and all that it has started. */
  signal(name: NodeJS.Signals): void {
    if (this.#child.pid !== undefined && !this.#ended) process.kill(-this.#child.pid, name);
  }

  /** Ends it, with all that it has started. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#child, 'close');
    this.signal('SIGTERM');
    await closed;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/**
 * A machine of its own to try on what instructions say, as it stands: namespaces with their own
 * network, /etc, /var/lib and /var/log, and a home. All that runs there ends with the scope.
 */
export class Stage {
  readonly folder: string;
  readonly #scope: Scope;
  readonly #pid: number;
  readonly env: NodeJS.ProcessEnv;

  private constructor(scope: Scope, folder: string, pid: number, env: NodeJS.ProcessEnv) {
    this.#scope = scope;
    this.folder = folder;
    this.#pid = pid;
    this.env = env;
  }

  /** @param hosts addresses of this machine besides 127.0.0.1, and their names. */
  static async open(scope: Scope, hosts: Readonly<Record<string, string>>): Promise<Stage> {
    const folder = temporaryDirectory(scope);
    chmodSync(folder, 0o755);
    const home = join(folder, 'home');
    for (const name of [home, join(folder, 'bin')]) mkdirSync(name);
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(npm_|NODE_|CI$|.*_proxy$)/i.test(name),
    );
    const path = `${folder}/bin:${process.env['PATH']}:/usr/sbin:/sbin`;
    const env = { ...Object.fromEntries(own), HOME: home, PATH: path };
    const pairs = Object.entries(hosts).map(([address, name]) => `${address}=${name}`);
    const args = ['--mount', '--net', 'sh', '-c', SETUP, 'sh', folder, ...pairs];
    const child = spawn('unshare', args, { env, stdio: 'pipe', detached: true });
    scope.after(() => child.kill('SIGKILL'));
    scope.after(() => endStragglers(folder));
    await new Running(child).says(/ready/);
    return new Stage(scope, folder, child.pid as number, env);
  }

  /** Puts a program on the PATH there, a script of sh. */
  program(name: string, script: string): void {
    writeFileSync(join(this.folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Runs commands there to their end. */
  sh(script: string, options: RunOptions = {}): Promise<Output> {
    const { cwd = this.env['HOME'], ...rest } = options;
    return run(this.#scope, 'nsenter', this.#enter(script, String(cwd)), {
      ...rest,
      env: this.env,
    });
  }

  /** Starts commands there that go on. */
  start(script: string, cwd = this.env['HOME'] as string): Running {
    const child = spawn('nsenter', this.#enter(script, cwd), {
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const running = new Running(child);
    this.#scope.after(() => running.stop());
    return running;
  }

  #enter(script: string, cwd: string): string[] {
    const target = ['--target', String(this.#pid), '--mount', '--net'];
    return [...target, 'sh', '-c', `cd "$1" && ${script}`, 'sh', cwd];
  }
}
