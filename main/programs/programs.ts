import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Address, BoundedMap, type Disposable, monotonic } from 'picosocks5';
import { type Endpoint, endpointKey, type Program } from './program.js';
import type { Answer, Question } from './worker.js';

const PROGRAM = join(import.meta.dirname, 'worker.js');

/** What is asked at once at most: those that wait longest are given up first. */
const MAX_WAITING = 2000;
/** Between two questions at least, ms. */
const PERIOD = 100;
/**
 * And so many times what the last answer cost: at most a tenth of a processor is used, and a fiftieth
 * where the processors are busy.
 */
const REST = { usual: 9, busy: 49 };
/** How long the program of an end is believed, ms: a client asks for more than one destination. */
const MAX_AGE = 5000;
const MAX_KNOWN = 4096;
/** How long this computer's addresses are believed, ms. */
const ADDRESSES_AGE = 5000;
/** The thread ends when nobody has asked for so long, ms. */
const IDLE = 60_000;

/** Finds programs off the main thread. */
export interface Asker extends Disposable {
  ask(question: Question): Promise<Answer>;
}

interface Parts {
  readonly asker?: Asker;
  /** This computer's addresses. */
  readonly addresses?: () => readonly string[];
}

/** Nobody is known, and no question is asked for a while, ms. */
const FAILED: Answer = { programs: [], cost: 1000, isBusy: false };

type Listener = (program: Program) => void;

/**
 * Which programs of this computer the proxy's clients are. They are asked for in batches, in a
 * thread of their own, which never takes more than a small share of a processor: with many short
 * connections, some of them are over before anybody could tell.
 */
export class Programs implements Disposable {
  readonly #ports: () => readonly number[];
  readonly #asker: Asker;
  readonly #addresses: () => readonly string[];
  readonly #waiting = new BoundedMap<string, { readonly end: Endpoint; readonly tell: Listener[] }>(
    MAX_WAITING,
  );
  readonly #known = new BoundedMap<string, { readonly program: Program; readonly until: number }>(
    MAX_KNOWN,
  );
  #own = new Set<string>();
  #ownUntil = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  /** @param ports the server's ports. */
  constructor(
    ports: () => readonly number[],
    { asker = new WorkerAsker(), addresses = addressesOfThis }: Parts = {},
  ) {
    this.#ports = ports;
    this.#asker = asker;
    this.#addresses = addresses;
  }

  /** Asks which program a client is. @param tell told once that is known; never, if it cannot be. */
  ask({ host, port }: Address, tell: Listener): void {
    if (this.#isDisposed || !this.#isOwn(host)) return;
    const key = endpointKey(host, port);
    const known = this.#known.get(key);
    if (known !== undefined && known.until > monotonic()) {
      tell(known.program);
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) waiting.tell.push(tell);
    else this.#waiting.set(key, { end: { host, port }, tell: [tell] });
    if (!this.#isAsking && this.#timer === undefined) void this.#askAll();
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
    this.#asker.dispose();
  }

  async #askAll(): Promise<void> {
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    const asked = [...this.#waiting];
    this.#waiting.clear();
    this.#isAsking = true;
    const clients = asked.map(([, { end }]) => end);
    const { programs, cost, isBusy } = await this.#asker
      .ask({ clients, ports: this.#ports() })
      .catch(() => FAILED);
    this.#isAsking = false;
    if (this.#isDisposed) return;
    for (const [i, [key, { tell }]] of asked.entries()) {
      const program = programs[i];
      if (program === undefined) continue;
      this.#known.set(key, { program, until: monotonic() + MAX_AGE });
      for (const listener of tell) listener(program);
    }
    const rest = Math.max(PERIOD, (isBusy ? REST.busy : REST.usual) * cost);
    this.#timer = setTimeout(() => void this.#askAll(), rest).unref();
  }

  #isOwn(host: string): boolean {
    if (host.startsWith('127.') || host === '::1') return true;
    if (this.#ownUntil < monotonic()) {
      this.#own = new Set(this.#addresses().map((address) => endpointKey(address, 0)));
      this.#ownUntil = monotonic() + ADDRESSES_AGE;
    }
    return this.#own.has(endpointKey(host, 0));
  }
}

function addressesOfThis(): string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address),
  );
}

/** A thread that is there while somebody asks. */
class WorkerAsker implements Asker {
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  ask(question: Question): Promise<Answer> {
    clearTimeout(this.#idle);
    const worker = this.#thread();
    return new Promise<Answer>((resolve, reject) => {
      const settle = (act: () => void) => {
        worker.off('message', answered).off('error', failed).off('exit', ended);
        this.#idle = setTimeout(() => this.dispose(), IDLE).unref();
        act();
      };
      const answered = (answer: Answer) => settle(() => resolve(answer));
      const failed = (error: unknown) => settle(() => reject(error));
      const ended = () => settle(() => reject(new Error('the thread has ended')));
      worker.once('message', answered).once('error', failed).once('exit', ended);
      worker.postMessage(question);
    });
  }

  dispose(): void {
    clearTimeout(this.#idle);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #thread(): Worker {
    if (this.#worker === undefined) {
      const worker = new Worker(PROGRAM, {
        name: 'programs',
        resourceLimits: { maxOldGenerationSizeMb: 64 },
      });
      worker.unref();
      worker.once('exit', () => {
        if (this.#worker === worker) this.#worker = undefined;
      });
      // A thread that fails has ended, and its question is answered: nobody else has to know.
      worker.on('error', () => {});
      this.#worker = worker;
    }
    return this.#worker;
  }
}
