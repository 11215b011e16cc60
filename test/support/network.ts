import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Output, run, unless } from './programs.js';
import type { Scope } from './scope.js';
import type { Visit } from './visitormain.js';

const BRIDGE = 'ip link add switch type bridge && ip link set switch up';

/** The `skip` option of a test that needs a network: its reason, or undefined. */
export function unlessNetwork(): string | undefined {
  const missing = unless('unshare', 'nsenter', 'ip');
  if (missing !== undefined) return missing;
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', BRIDGE], { stdio: 'ignore' });
  return status === 0 ? undefined : 'networks of namespaces are not permitted here';
}

/** Makes a namespace, which ends with the scope. @returns the process that holds it. */
async function namespace(scope: Scope, setup: string): Promise<number> {
  const script = `set -e; ip link set lo up; ${setup}; echo ready; exec cat`;
  const child = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: 'pipe' });
  scope.after(() => child.kill('SIGKILL'));
  const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (!String(said).startsWith('ready')) throw new Error('no namespace could be set up');
  return child.pid as number;
}

/** Hosts with addresses of their own at one switch: each is a namespace. */
export class Network {
  readonly #scope: Scope;
  readonly #switch: number;
  readonly hosts: readonly Host[];

  private constructor(scope: Scope, at: number, hosts: readonly Host[]) {
    this.#scope = scope;
    this.#switch = at;
    this.hosts = hosts;
  }

  /** @param count of hosts: 10.77.0.1 and so on. */
  static async open(scope: Scope, count: number): Promise<Network> {
    const at = await namespace(scope, BRIDGE);
    const hosts: Host[] = [];
    for (let i = 1; i <= count; i++) {
      const host = new Host(scope, `10.77.0.${i}`, await namespace(scope, 'true'));
      hosts.push(host);
    }
    const network = new Network(scope, at, hosts);
    for (const [i, host] of hosts.entries()) await network.#plug(host, `port${i}`);
    return network;
  }

  async #plug(host: Host, port: string): Promise<void> {
    const cable = `ip link add ${port} type veth peer name eth0 netns ${host.pid}`;
    await this.#sh(this.#switch, `${cable} && ip link set ${port} master switch up`);
    const { address } = host;
    await this.#sh(host.pid, `ip address add ${address}/24 dev eth0 && ip link set eth0 up`);
  }

  /** Pulls a host's cable, or plugs it in again: nobody is told. */
  async link(host: Host, state: 'down' | 'up'): Promise<void> {
    await this.#sh(this.#switch, `ip link set port${this.hosts.indexOf(host)} ${state}`);
  }

  async #sh(pid: number, script: string): Promise<void> {
    const args = [...enter(pid), 'sh', '-c', script];
    const { status, stderr } = await run(this.#scope, 'nsenter', args);
    if (status !== 0) throw new Error(`${script}: ${stderr}`);
  }
}

function enter(pid: number): string[] {
  return ['--target', String(pid), '--net'];
}

export class Host {
  readonly #scope: Scope;
  readonly address: string;
  /** Of the process that holds its namespace. */
  readonly pid: number;

  constructor(scope: Scope, address: string, pid: number) {
    this.#scope = scope;
    this.address = address;
    this.pid = pid;
  }

  /** What a program is started by there. */
  get launcher(): readonly string[] {
    return ['nsenter', ...enter(this.pid)];
  }

  /** Runs a program there to its end. */
  run(program: string, ...args: string[]): Promise<Output> {
    return run(this.#scope, 'nsenter', [...enter(this.pid), program, ...args]);
  }

  /** Starts a client there. */
  async visitor(): Promise<Visitor> {
    const program = fileURLToPath(new URL('./visitormain.js', import.meta.url));
    const execArgv = [...enter(this.pid), process.execPath];
    const child = fork(program, [this.address], { execPath: 'nsenter', execArgv });
    this.#scope.after(() => child.kill('SIGKILL'));
    await once(child, 'message');
    return new Visitor(child);
  }
}

/** A client that stays connected to what it was let into, until it leaves. */
export class Visitor {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Connects through a proxy at port 1080. @returns whether it was let in. */
  async visits(host: Host, user: string, password: string): Promise<boolean> {
    const answer = once(this.#child, 'message');
    this.#child.send({ proxy: host.address, user, password } satisfies Visit);
    return (await answer)[0] as boolean;
  }

  /** Ends all of its connections. */
  async leaves(): Promise<void> {
    const answer = once(this.#child, 'message');
    this.#child.send('leave');
    await answer;
  }
}
