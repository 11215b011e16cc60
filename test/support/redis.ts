import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { temporaryDirectory } from './files.js';
import { run, start, unless } from './programs.js';
import type { Scope } from './scope.js';
import { freePort, listening } from './sockets.js';

/** The `skip` option of tests that need Redis. */
export const noRedis = unless('redis-server', 'redis-cli');

/** A Redis on loopback, that ends with the test. */
export class Redis {
  readonly port: number;
  readonly #t: Scope;
  readonly #args: readonly string[];
  #process: ChildProcess;

  private constructor(t: Scope, port: number, args: readonly string[]) {
    this.#t = t;
    this.port = port;
    this.#args = args;
    this.#process = start(t, 'redis-server', args);
  }

  /** @param more arguments. Each command is on its disk before it is answered. */
  static async start(t: Scope, more: readonly string[] = []): Promise<Redis> {
    const port = await freePort(t);
    const redis = new Redis(t, port, [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes'],
      ...['--appendfsync', 'always', '--dir', temporaryDirectory(t), ...more],
    ]);
    await listening(port);
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  /** Starts it again after {@link kill}, with its data or without. */
  async restart({ keep }: { readonly keep: boolean }): Promise<void> {
    const dir = keep ? [] : ['--dir', temporaryDirectory(this.#t)];
    this.#process = start(this.#t, 'redis-server', [...this.#args, ...dir]);
    await listening(this.port);
  }

  /** Runs a command. @returns what redis-cli prints of its answer. */
  async command(...words: string[]): Promise<string> {
    const { stdout } = await run(this.#t, 'redis-cli', ['-p', `${this.port}`, ...words]);
    return stdout.trim();
  }

  /** How many commands it has done so far of a kind, such as `evalsha`. */
  async done(command: string): Promise<number> {
    const text = await this.command('info', 'commandstats');
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(text)?.[1] ?? 0);
  }
}

/** A way to a port of 127.0.0.1 that can be slow, and be cut without anybody being told. */
export class Line {
  /** How long each way takes what goes over it, ms. */
  delay = 0;
  /** Whether what comes goes nowhere. */
  isCut = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(t: Scope, to: number) {
    this.#server = createServer((near) => {
      const far = connect(to, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.setNoDelay(true);
        one.on('error', () => {});
        one.on('close', () => {
          this.#sockets.delete(one);
          if (!this.isCut) other.destroy();
        });
        one.on('data', (octets: Buffer) => {
          if (this.isCut) return;
          if (this.delay === 0) other.write(octets);
          else setTimeout(() => this.isCut || other.destroyed || other.write(octets), this.delay);
        });
      }
    });
    t.after(() => this.close());
  }

  static async start(t: Scope, to: number): Promise<Line> {
    const line = new Line(t, to);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Whether something comes true in time: it is looked again and again. */
export async function comesTrue(
  what: string,
  test: () => boolean | Promise<boolean>,
  time = 20_000,
): Promise<void> {
  const end = performance.now() + time;
  while (!(await test())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${time} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
