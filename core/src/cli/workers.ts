import cluster, { type Worker } from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { QuotaKeeper } from '../access/quotakeeper.js';
import { readUsage } from '../access/usage.js';
import { monotonic } from '../clock.js';
import type { Settings } from '../config/settings.js';
import { messageOf, UserError } from '../errors.js';
import type { ConnectionInfo } from '../events.js';
import type { Address } from '../protocol/address.js';
import { Coordinator } from '../workers/coordinator.js';
import type { FromWorker, Task, ToWorker } from '../workers/messages.js';

/** Says to a process of this program that it is a worker. */
export const WORKER_MARK = 'PICOSOCKS5_WORKER';

/** A worker that ends sooner than this after its start is started again later and later, ms. */
const SOON = 5000;
const FIRST_DELAY = 100;
const LAST_DELAY = 30_000;

/** Ids of connections of a worker that takes another's place go on this far from there. */
const GENERATION = 2 ** 32;

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One worker process, and what it was asked and has not answered yet. */
class Member {
  readonly process: Worker;
  readonly started = monotonic();
  /** Settled when the worker can be told something, or has ended. */
  readonly #ready: Promise<unknown>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(process: Worker) {
    this.process = process;
    this.#ready = Promise.race([once(process, 'message'), once(process, 'exit')]);
    process.once('exit', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('the worker has ended'));
      this.#pending.clear();
    });
  }

  tell(message: ToWorker): void {
    if (this.process.isConnected()) this.process.send(message, () => {});
  }

  /** @throws what the worker says that it came to grief by. */
  async do<T>(task: Task): Promise<T> {
    await this.#ready;
    if (this.process.isDead()) throw new Error('the worker has ended');
    const id = ++this.#lastId;
    const result = await new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.tell({ ...task, id });
    });
    return result as T;
  }

  settle(message: Extract<FromWorker, { readonly id: number }>): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === 'done') pending?.resolve(message.result);
    else {
      const { message: text, isMistake } = message;
      pending?.reject(isMistake ? new UserError(text) : new Error(text));
    }
  }
}

/**
 * Several processes that serve the same addresses, each accepting for itself; limits, lockouts,
 * quotas and the table of connections are those of all together. This process, the primary one,
 * serves nobody: it keeps what they share and replaces those that die.
 */
export class Workers {
  readonly #count: number;
  readonly #warn: (message: string) => void;
  readonly #coordinator = new Coordinator();
  readonly #members = new Map<number, Member>();
  readonly #passwordKey = randomBytes(32).toString('base64');
  #settings: Settings;
  #addresses: readonly Address[] = [];
  #quotas: QuotaKeeper | undefined;
  #stopping = false;
  #generation = 0;
  /** How often in a row a worker ended soon. */
  #failures = 0;

  /** @param warn told of workers that die. */
  constructor(settings: Settings, count: number, warn: (message: string) => void) {
    this.#settings = settings;
    this.#count = count;
    this.#warn = warn;
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ args: [] });
  }

  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  /** Starts all workers. @throws {UserError} if they cannot listen; then none is left. */
  async start(): Promise<void> {
    await this.#keepQuotas(this.#settings);
    const numbers = Array.from({ length: this.#count }, (_, i) => i + 1);
    const starts = await Promise.allSettled(numbers.map((number) => this.#startWorker(number)));
    const failed = starts.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    await this.stop(0);
    throw failed.reason;
  }

  /** Gives all workers new settings. @throws what the first one says that cannot take them. */
  async reload(settings: Settings): Promise<void> {
    const before = this.#settings;
    const members = [...this.#members.values()];
    const task = { type: 'reload', settings } as const;
    const results = await Promise.allSettled(members.map((member) => member.do(task)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      const back = { type: 'reload', settings: before } as const;
      const took = members.filter((_, i) => results[i]?.status === 'fulfilled');
      await Promise.allSettled(took.map((member) => member.do(back)));
      throw failed.reason;
    }
    this.#settings = settings;
    await this.#keepQuotas(settings);
  }

  /** Stops all workers. @param grace how long connections have to finish, seconds. */
  async stop(grace: number): Promise<void> {
    this.#stopping = true;
    const members = [...this.#members.values()];
    await Promise.all(
      members.map(async (member) => {
        const exit = member.process.isDead() ? undefined : once(member.process, 'exit');
        await member.do({ type: 'stop', grace }).catch(() => {});
        member.process.disconnect();
        await exit;
      }),
    );
    await this.#quotas?.close();
  }

  /** The connections of this moment, of all workers. */
  async connections(): Promise<ConnectionInfo[]> {
    const members = [...this.#members.values()];
    const lists = await Promise.all(
      members.map((member) => member.do<ConnectionInfo[]>({ type: 'connections' }).catch(() => [])),
    );
    return lists.flat().sort((a, b) => a.id - b.id);
  }

  /** Ends a connection of any worker. @returns false if there is none of that id. */
  async disconnect(connection: number): Promise<boolean> {
    const members = [...this.#members.values()];
    const ended = await Promise.all(
      members.map((member) =>
        member.do<boolean>({ type: 'disconnect', connection }).catch(() => false),
      ),
    );
    return ended.some(Boolean);
  }

  async #startWorker(number: number): Promise<void> {
    const process = cluster.fork({ [WORKER_MARK]: String(number) });
    const member = new Member(process);
    this.#members.set(number, member);
    this.#coordinator.add(number, (message) => member.tell(message));
    process.on('message', (message: FromWorker) => this.#hear(number, member, message));
    process.once('exit', (status, signal) => {
      this.#members.delete(number);
      this.#coordinator.remove(number);
      if (!this.#stopping && this.#addresses.length > 0)
        this.#replace(number, member, signal ?? status);
    });
    await member.do({
      type: 'start',
      settings: this.#settings,
      number,
      firstId: number + this.#count * GENERATION * this.#generation,
      workers: this.#count,
      passwordKey: this.#passwordKey,
      logins: this.#coordinator.logins,
      usage: this.#coordinator.usage(),
    });
  }

  #hear(number: number, member: Member, message: FromWorker): void {
    if (this.#coordinator.handle(number, message)) return;
    if (message.type === 'listening') this.#addresses = message.addresses;
    else if (message.type === 'done' || message.type === 'failed') member.settle(message);
  }

  #replace(number: number, member: Member, by: string | number): void {
    const soon = monotonic() - member.started < SOON;
    this.#failures = soon ? this.#failures + 1 : 0;
    const delay = soon ? Math.min(FIRST_DELAY * 2 ** this.#failures, LAST_DELAY) : 0;
    this.#warn(`worker ${number} has ended (${by}); another one takes its place`);
    this.#generation++;
    setTimeout(() => {
      if (this.#stopping) return;
      this.#startWorker(number).catch((error: unknown) => {
        this.#warn(`worker ${number} cannot start: ${messageOf(error)}`);
        this.#members.get(number)?.process.kill();
      });
    }, delay);
  }

  async #keepQuotas({ quotaFile }: Settings): Promise<void> {
    if (quotaFile === this.#quotas?.file) return;
    await this.#quotas?.close();
    this.#quotas =
      quotaFile === undefined
        ? undefined
        : new QuotaKeeper(quotaFile, await readUsage(quotaFile), this.#coordinator, this.#warn);
  }
}
