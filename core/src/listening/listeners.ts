import { UserError } from '../base/errors.js';
import type { Address } from '../protocol/address.js';
import type { Transport } from '../transport/transport.js';
import {
  type BoundSockets,
  type ListenAddress,
  Listener,
  type MissingAddress,
  sameAddress,
} from './listener.js';

/** What a change of addresses came to. */
export interface ListenChange {
  readonly started: readonly Address[];
  readonly stopped: readonly Address[];
  /** What the machine does not have, while it listens at others. */
  readonly missing: readonly MissingAddress[];
}

/** What came of opening some addresses. */
interface Opened {
  readonly listeners: readonly Listener[];
  readonly missing: readonly MissingAddress[];
}

/** All listening sockets of a server. */
export class Listeners {
  readonly #accept: (transport: Transport) => void;
  readonly #fail: (error: Error) => void;
  readonly #sockets: BoundSockets | undefined;
  #open: readonly Listener[] = [];
  #closed = false;

  /**
   * @param accept takes each client's connection.
   * @param fail told of the system's errors when clients could not be accepted.
   * @param sockets where listening sockets come from, if they are not bound here.
   */
  constructor(
    accept: (transport: Transport) => void,
    fail: (error: Error) => void,
    sockets?: BoundSockets,
  ) {
    this.#accept = accept;
    this.#fail = fail;
    this.#sockets = sockets;
  }

  get addresses(): readonly Address[] {
    return this.#open.map(({ address }) => address);
  }

  /**
   * Listens at some addresses and no more at others; one of a family that is not there does no harm
   * as long as another is. If that fails, all is as it was. One change has to be over before the
   * next.
   *
   * @throws {UserError} if the system does not let it.
   */
  async moveTo(addresses: readonly ListenAddress[]): Promise<ListenChange> {
    const isWanted = ({ requested }: Listener) =>
      addresses.some((address) => sameAddress(requested, address));
    const kept = this.#open.filter(isWanted);
    const obsolete = this.#open.filter((listener) => !isWanted(listener));
    const fresh = addresses.filter(
      (address) => !kept.some(({ requested }) => sameAddress(requested, address)),
    );

    let opened: Opened;
    try {
      opened = await this.#openAll(fresh, kept);
    } catch (error) {
      // A wildcard and an address of its own cannot share a port: the old one has to go first.
      if (!isInUse(error) || obsolete.length === 0) throw error;
      opened = await this.#replace(obsolete, fresh, kept);
    }
    for (const listener of obsolete) listener.close();
    const { listeners, missing } = opened;
    this.#open = [...kept, ...listeners];
    return { started: addressesOf(listeners), stopped: addressesOf(obsolete), missing };
  }

  /** Stops listening, for good. @returns where it listened. */
  close(): readonly Address[] {
    const { addresses } = this;
    this.#closed = true;
    for (const listener of this.#open) listener.close();
    this.#open = [];
    return addresses;
  }

  async #replace(
    obsolete: readonly Listener[],
    fresh: readonly ListenAddress[],
    kept: readonly Listener[],
  ): Promise<Opened> {
    for (const listener of obsolete) listener.close();
    try {
      return await this.#openAll(fresh, kept);
    } catch (error) {
      const back = obsolete.map(({ address }) => ({ ...address, optional: false }));
      this.#open = [...kept, ...(await this.#openAll(back, kept)).listeners];
      throw error;
    }
  }

  /** Listens at all of some addresses that are there, or at none. */
  async #openAll(addresses: readonly ListenAddress[], kept: readonly Listener[]): Promise<Opened> {
    const listeners: Listener[] = [];
    const missing: MissingAddress[] = [];
    try {
      for (const address of addresses) {
        const result = await Listener.open(address, this.#accept, this.#fail, this.#sockets);
        if (result instanceof Listener) listeners.push(result);
        else missing.push(result);
      }
      if (this.#closed) throw new UserError('the server has been closed');
      const [first] = missing;
      if (first !== undefined && listeners.length + kept.length === 0) throw first.error;
    } catch (error) {
      for (const listener of listeners) listener.close();
      throw error;
    }
    return { listeners, missing };
  }
}

function addressesOf(listeners: readonly Listener[]): Address[] {
  return listeners.map(({ address }) => address);
}

function isInUse(error: unknown): boolean {
  return error instanceof UserError && error.code === 'address-in-use';
}
