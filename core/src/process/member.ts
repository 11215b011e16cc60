import type { ChildProcess, SendHandle } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../base/clock.js';
import { UserError } from '../base/errors.js';
import { hasLeftNames } from '../listening/handedon.js';
import type { FromWorker, Task, ToWorker } from '../sharing/messages.js';

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A worker has ended before it answered. */
export class WorkerEnded extends Error {
  override readonly name = 'WorkerEnded';
  override readonly message = 'the worker has ended';
}

/** One worker process, and what it was asked and has not answered yet. */
export class Member {
  readonly process: ChildProcess;
  readonly started = monotonic();
  /** Whether it has got as far as serving. */
  listens = false;
  hasEnded = false;
  /** Settled when the worker can be told something, or has ended. */
  readonly #ready: Promise<unknown>;
  /** Settled when the worker has ended, with its signal or status. */
  readonly #end: Promise<string | number>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(process: ChildProcess) {
    this.process = process;
    this.#end = new Promise((resolve) => {
      process.once('exit', (status, signal) => resolve(signal ?? status ?? 0));
      // There is no exit of what could not be started.
      process.on('error', (error) => {
        if (process.pid === undefined) resolve(error.message);
      });
    });
    this.#ready = Promise.race([
      new Promise((resolve) => process.once('message', resolve)),
      this.#end,
    ]);
    this.onEnd(() => {
      this.hasEnded = true;
      for (const { reject } of this.#pending.values()) reject(new WorkerEnded());
      this.#pending.clear();
    });
  }

  /** @param action gets the signal or the status that it has ended with. */
  onEnd(action: (by: string | number) => void): void {
    void this.#end.then(action);
  }

  /** @param done called when it is written, or cannot be. */
  tell(message: ToWorker, handle?: SendHandle, done: () => void = () => {}): void {
    if (this.process.connected) this.process.send(message, handle, {}, done);
    else done();
  }

  /** @throws what the worker says that it came to grief by. */
  async do<T>(task: Task): Promise<T> {
    await this.#ready;
    if (this.hasEnded) throw new WorkerEnded();
    const id = ++this.#lastId;
    const result = await new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.tell({ ...task, id });
    });
    return result as T;
  }

  /**
   * Lets it end, and ends it if it does not.
   *
   * @param grace how long its connections have to finish, seconds.
   * @param time how long it may take otherwise, ms.
   */
  async stop(grace: number, time: number): Promise<void> {
    if (this.hasEnded) return;
    const told = this.do({ type: 'stop', grace, isReplaced: hasLeftNames() }).catch(() => {});
    await within(told, grace * 1000 + time);
    if (this.process.connected) this.process.disconnect();
    if (!(await within(this.#end, time))) this.process.kill('SIGKILL');
    await this.#end;
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

/** @returns whether a promise is settled within so many ms. */
async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const late = new AbortController();
  const { signal } = late;
  const isInTime = await Promise.race([
    promise.then(() => true),
    sleep(ms, false, { signal }).catch(() => false),
  ]);
  late.abort();
  return isInTime;
}
