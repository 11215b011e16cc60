import { codeOf } from '../base/errors.js';
import { bind, hasNoPort } from '../listening/bind.js';
import { type BoundHandle, systemError } from '../listening/boundhandle.js';
import { markGiven } from '../listening/handedon.js';
import type { BoundSockets, ListeningAddress } from '../listening/listeningsocket.js';
import type { Address } from '../protocol/address.js';
import type { FromWorker, ToWorker } from './messages.js';

/** How long an address is waited for that other workers are about to leave, ms. */
const LEAVE_TIME = 2000;

interface Held {
  readonly handle: BoundHandle;
  readonly address: Address;
  /** The numbers of the workers that use it. */
  readonly users: Set<number>;
}

/**
 * The listening sockets of all workers, held by the primary process: a worker that takes another's
 * place gets them without having to bind them, which may need root. They are closed when a worker
 * has left them and no other uses them, but not when workers die.
 */
export class HeldSockets {
  readonly #held = new Map<string, Held>();
  readonly #waiting = new Set<() => void>();
  /** What is being bound: two workers that ask for it at once get the same. */
  readonly #binding = new Map<string, Promise<Held>>();
  #closed = false;

  /**
   * @param worker who wants it.
   * @throws the system's error.
   */
  async take(address: ListeningAddress, worker: number): Promise<BoundHandle> {
    const deadline = AbortSignal.timeout(LEAVE_TIME);
    for (;;) {
      const held = this.#held.get(keyOf(address));
      if (held !== undefined) {
        held.users.add(worker);
        return held.handle;
      }
      try {
        const { handle, users } = await this.#bind(address);
        users.add(worker);
        return handle;
      } catch (error) {
        // It has left `*` for an address of its own, say: the others are about to.
        const isLeft = codeOf(error) === 'EADDRINUSE' && this.#isLeft(address, worker);
        if (!isLeft || deadline.aborted) throw error;
        await this.#change(deadline);
      }
    }
  }

  #bind(address: ListeningAddress): Promise<Held> {
    const key = keyOf(address);
    const before = this.#binding.get(key);
    if (before !== undefined) return before;
    const binding = bind(address, address.access)
      .then((handle): Held => {
        if (this.#closed) {
          handle.close();
          throw new Error('the sockets are closed');
        }
        const held = { handle, address, users: new Set<number>() };
        this.#held.set(key, held);
        return held;
      })
      .finally(() => this.#binding.delete(key));
    this.#binding.set(key, binding);
    return binding;
  }

  /** A worker needs a socket no more. */
  release(address: ListeningAddress, worker: number): void {
    const held = this.#held.get(keyOf(address));
    if (!held?.users.delete(worker) || held.users.size > 0) return;
    this.#held.delete(keyOf(address));
    held.handle.close();
    for (const wake of this.#waiting) wake();
  }

  /** A worker has died. */
  remove(worker: number): void {
    for (const { users } of this.#held.values()) users.delete(worker);
  }

  /** Closes those that no worker uses: what was left while its worker was being replaced. */
  prune(): void {
    for (const [key, { handle, users }] of this.#held) {
      if (users.size > 0) continue;
      this.#held.delete(key);
      handle.close();
    }
  }

  close(): void {
    this.#closed = true;
    for (const { handle } of this.#held.values()) handle.close();
    this.#held.clear();
  }

  /** Whether it is a socket of others that is in the way of an address. */
  #isLeft({ port }: Address, worker: number): boolean {
    const inTheWay = [...this.#held.values()].filter(({ address }) => address.port === port);
    return port !== 0 && inTheWay.length > 0 && inTheWay.every(({ users }) => !users.has(worker));
  }

  /** Waits until a socket is closed. */
  #change(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        deadline.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      deadline.addEventListener('abort', wake);
    });
  }
}

/** Two listeners that leave their port to the system have each its own. */
function keyOf({ host, port, listener, scheme = '', owner = '' }: ListeningAddress): string {
  const isAny = port === 0 && !hasNoPort({ host, port });
  return isAny ? `${host} 0 ${scheme} ${listener} ${owner}` : `${host} ${port} ${owner}`;
}

interface Waiting {
  readonly resolve: (handle: object) => void;
  readonly reject: (error: Error) => void;
}

/** The sockets of a worker, which it has of the primary process. */
export class WorkerSockets implements BoundSockets {
  readonly #tell: (message: FromWorker) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lastRequest = 0;

  constructor(tell: (message: FromWorker) => void) {
    this.#tell = tell;
  }

  take(address: ListeningAddress): Promise<object> {
    const request = ++this.#lastRequest;
    this.#tell({ type: 'take-socket', request, address });
    return new Promise((resolve, reject) => this.#waiting.set(request, { resolve, reject }));
  }

  release(address: ListeningAddress): void {
    this.#tell({ type: 'release-socket', address });
  }

  /** Takes the answer of the primary process. */
  handle(message: Extract<ToWorker, { readonly type: 'socket' }>, handle: unknown): void {
    const { request, errno, isGiven = false } = message;
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (errno !== undefined) waiting?.reject(systemError(errno));
    else if (typeof handle === 'object' && handle !== null) {
      if (isGiven) markGiven(handle);
      waiting?.resolve(handle);
    } else waiting?.reject(new Error('the primary process sent no socket'));
  }
}
