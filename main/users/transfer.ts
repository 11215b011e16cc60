import { setImmediate } from 'node:timers/promises';
import { monotonic, UserError } from 'picosocks5';
import type { UsersTransfer } from '../ipc/contract.js';
import { text } from '../words/words.js';

/** How often is told how far a transfer is, ms. */
const PERIOD = 100;

/** Somebody has cancelled what was under way. */
export class Cancelled extends Error {}

/** An import or export that is under way. */
export class Transfer {
  readonly #tell: (state: UsersTransfer) => void;
  #state: UsersTransfer;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Whether what was done is being taken back: that cannot be cancelled. */
  #isUndoing = false;

  constructor(action: UsersTransfer['action'], tell: (state: UsersTransfer) => void) {
    this.#tell = tell;
    this.#state = { action, done: 0, total: 0, cancelled: false };
    this.#show({}, true);
  }

  get state(): UsersTransfer {
    return this.#state;
  }

  cancel(): void {
    if (!this.#isUndoing) this.#show({ cancelled: true }, true);
  }

  /** Says how many are done. @throws {Cancelled} if it is to go no further. */
  step(done: number, total = this.#state.total): void {
    if (this.#state.cancelled) throw new Cancelled();
    this.#show({ done, total });
  }

  /** The same, where others are let do something in between. */
  async pause(done: number): Promise<void> {
    this.step(done);
    await setImmediate();
    this.step(done);
  }

  /** Says how many there still are to be taken back. */
  undo(left: number): void {
    this.#isUndoing = true;
    this.#show({ done: left });
  }

  #show(change: Partial<UsersTransfer>, atOnce = false): void {
    this.#state = { ...this.#state, ...change };
    const now = monotonic();
    if (!atOnce && now - this.#toldAt < PERIOD) return;
    this.#toldAt = now;
    this.#tell(this.#state);
  }
}

/** Imports and exports: one at a time. */
export class Transfers {
  readonly #tell: (state: UsersTransfer | undefined) => void;
  #current: Transfer | undefined;

  /** @param tell told how far one is, and with undefined that it is over. */
  constructor(tell: (state: UsersTransfer | undefined) => void) {
    this.#tell = tell;
  }

  get state(): UsersTransfer | undefined {
    return this.#current?.state;
  }

  cancel(): void {
    this.#current?.cancel();
  }

  /** @throws {UserError} if another one is under way. */
  async run<T>(
    action: UsersTransfer['action'],
    work: (transfer: Transfer) => Promise<T>,
  ): Promise<T | 'cancelled'> {
    if (this.#current !== undefined) {
      throw new UserError(text(`accounts.${this.#current.state.action}UnderWay`));
    }
    this.#current = new Transfer(action, this.#tell);
    try {
      return await work(this.#current);
    } catch (error) {
      if (error instanceof Cancelled) return 'cancelled';
      throw error;
    } finally {
      this.#current = undefined;
      this.#tell(undefined);
    }
  }
}
