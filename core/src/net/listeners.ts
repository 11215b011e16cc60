import type { Socket } from 'node:net';
import { codeOf, UserError } from '../errors.js';
import type { Address } from '../protocol/address.js';
import { type BoundSockets, type ListenAddress, Listener, sameAddress } from './listener.js';

/** What a change of addresses came to. */
export interface ListenChange {
  readonly started: readonly Address[];
  readonly stopped: readonly Address[];
}

/** All listening sockets of a server. */
export class Listeners {
  readonly #accept: (socket: Socket) => void;
  readonly #fail: (error: Error) => void;
  readonly #sockets: BoundSockets | undefined;
  #open: readonly Listener[] = [];
  #closed = false;

  /**
   * @param accept takes each client's socket.
   * @param fail told of the system's errors when clients could not be accepted.
   * @param sockets where listening sockets come from, if they are not bound here.
   */
  constructor(
    accept: (socket: Socket) => void,
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
   * Listens at some addresses and no more at others. If that fails, all is as it was. One change
   * has to be over before the next.
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

    let opened: Listener[];
    try {
      opened = await this.#openAll(fresh);
    } catch (error) {
      // A wildcard and an address of its own cannot share a port: the old one has to go first.
      if (codeOf(error) !== 'EADDRINUSE' || obsolete.length === 0) throw error;
      opened = await this.#replace(obsolete, fresh, kept);
    }
    for (const listener of obsolete) listener.close();
    this.#open = [...kept, ...opened];
    return { started: addressesOf(opened), stopped: addressesOf(obsolete) };
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
  ): Promise<Listener[]> {
    for (const listener of obsolete) listener.close();
    try {
      return await this.#openAll(fresh);
    } catch (error) {
      const back = obsolete.map(({ address }) => ({ ...address, optional: false }));
      this.#open = [...kept, ...(await this.#openAll(back))];
      throw error;
    }
  }

  /** Listens at all of some addresses, or at none. */
  async #openAll(addresses: readonly ListenAddress[]): Promise<Listener[]> {
    const opened: Listener[] = [];
    try {
      for (const address of addresses) {
        const listener = await Listener.open(address, this.#accept, this.#fail, this.#sockets);
        if (listener !== undefined) opened.push(listener);
      }
      if (this.#closed) throw new UserError('the server has been closed');
    } catch (error) {
      for (const listener of opened) listener.close();
      throw error;
    }
    return opened;
  }
}

function addressesOf(listeners: readonly Listener[]): Address[] {
  return listeners.map(({ address }) => address);
}
