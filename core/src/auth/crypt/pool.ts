import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { useOfLibcrypt } from './formats.js';
import type { CryptReply, CryptRequest } from './worker.js';

const WORKER = new URL('./worker.js', import.meta.url);
const MOST_DEFAULT_THREADS = 4;
const DEFAULT_QUEUE = 1024;

/** How much a {@link CryptPool} does at once. */
export interface CryptPoolOptions {
  /** Passwords checked at the same time, at least 1: by default the processors less one, 1 to 4. */
  readonly threads?: number;
  /** Passwords that may wait for a thread, 0 or more: by default 1024. */
  readonly queue?: number;
}

/** So many passwords wait to be checked that one more is refused. */
export class CryptPoolBusyError extends Error {
  override readonly name = 'CryptPoolBusyError';

  constructor() {
    super('too many passwords are waiting to be checked');
  }
}

interface Job extends CryptRequest {
  readonly password: Uint8Array<ArrayBuffer>;
  /** Whether the thread runs native code for it. */
  readonly native: boolean;
  resolve(matched: boolean): void;
  reject(error: Error): void;
}

/**
 * Checks passwords against crypt(3) hashes in worker threads, which start as they are needed and
 * never keep the process alive while they have nothing to do.
 */
export class CryptPool {
  readonly #threads: number;
  readonly #queue: number;
  /** Every thread, with what it is doing. */
  readonly #workers = new Map<Worker, Job | undefined>();
  readonly #waiting: Job[] = [];
  #closed = false;

  /** @throws RangeError when an option is out of range */
  constructor(options: CryptPoolOptions = {}) {
    const spare = Math.max(1, availableParallelism() - 1);
    this.#threads = options.threads ?? Math.min(MOST_DEFAULT_THREADS, spare);
    this.#queue = options.queue ?? DEFAULT_QUEUE;
    if (!Number.isInteger(this.#threads) || this.#threads < 1) {
      throw new RangeError('threads must be a whole number of at least 1');
    }
    if (!Number.isInteger(this.#queue) || this.#queue < 0) {
      throw new RangeError('queue must be a whole number of at least 0');
    }
  }

  /**
   * Whether `password` has this hash; see `verifyHash`. The pool works on a copy of the password,
   * and wipes it afterwards.
   *
   * @throws CryptPoolBusyError when too many passwords wait already
   * @throws Error when the hash is malformed, the platform cannot check it, its thread died, or the
   *   pool is closed
   */
  async verify(password: Uint8Array, hash: string): Promise<boolean> {
    const native = useOfLibcrypt(password, hash) !== 'none';
    if (this.#closed) throw closedError();
    const worker = this.#idleWorker();
    if (worker === undefined && this.#waiting.length >= this.#queue) throw new CryptPoolBusyError();
    return new Promise((resolve, reject) => {
      const job: Job = { password: Uint8Array.from(password), hash, native, resolve, reject };
      if (worker === undefined) this.#waiting.push(job);
      else this.#assign(worker, job);
    });
  }

  /**
   * Ends every thread. What is not yet checked is rejected, now and from now on, but for the
   * hashes that native code is computing: these are waited for.
   *
   * A program that may be checking yescrypt or bcrypt hashes closes its pool before it calls
   * process.exit(), which kills the process with SIGABRT if a thread is then loading native code.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) {
      job.password.fill(0);
      job.reject(closedError());
    }
    await Promise.all(
      Array.from(this.#workers, async ([worker, job]) => {
        if (job?.native) {
          await new Promise((resolve) => worker.once('message', resolve).once('exit', resolve));
        }
        await worker.terminate();
      }),
    );
  }

  /** A thread with nothing to do, started if need be; undefined when all are busy. */
  #idleWorker(): Worker | undefined {
    for (const [worker, job] of this.#workers) if (job === undefined) return worker;
    return this.#workers.size < this.#threads ? this.#start() : undefined;
  }

  #start(): Worker {
    const worker = new Worker(WORKER, { name: 'crypt', execArgv: [] });
    let cause: unknown;
    worker.on('message', (reply: CryptReply) => this.#finish(worker, reply));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', () => this.#lose(worker, cause));
    this.#workers.set(worker, undefined);
    return worker;
  }

  #assign(worker: Worker, job: Job): void {
    this.#workers.set(worker, job);
    worker.ref();
    const { password, hash } = job;
    worker.postMessage({ password, hash } satisfies CryptRequest, [password.buffer]);
  }

  #finish(worker: Worker, reply: CryptReply): void {
    const job = this.#workers.get(worker);
    this.#workers.set(worker, undefined);
    worker.unref();
    if ('error' in reply) job?.reject(new Error(reply.error));
    else job?.resolve(reply.matched);
    this.#next();
  }

  #lose(worker: Worker, cause: unknown): void {
    const job = this.#workers.get(worker);
    this.#workers.delete(worker);
    job?.reject(
      this.#closed ? closedError() : new Error('a password checking thread died', { cause }),
    );
    this.#next();
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    const worker = this.#idleWorker();
    const job = worker && this.#waiting.shift();
    if (worker && job) this.#assign(worker, job);
  }
}

function closedError(): Error {
  return new Error('the password checker is closed');
}
