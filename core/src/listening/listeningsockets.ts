import { UserError } from '../base/errors.js';
import { type Address, formatAddress, isUnspecified } from '../protocol/address.js';
import { hasNoPort } from './bind.js';
import {
  type Accept,
  type BoundSockets,
  type ListenAddress,
  type ListenerAddresses,
  type ListeningAddress,
  ListeningSocket,
  type MissingAddress,
  type ServedAddress,
  sameAddress,
} from './listeningsocket.js';

/** An address that went from one listener to another, and was open all the time. */
export interface MovedAddress extends ListeningAddress {
  /** The name of the listener that had it before. */
  readonly before: string;
}

/** What a change of addresses came to. */
export interface ListenChange {
  readonly started: readonly ListeningAddress[];
  readonly stopped: readonly ListeningAddress[];
  readonly moved: readonly MovedAddress[];
  /** What the machine does not have, while it listens at others. */
  readonly missing: readonly MissingAddress[];
  /** UNIX sockets whose mode or owner could not be changed. */
  readonly unchanged: readonly UserError[];
}

type WantedAddress = ListenAddress & ListeningAddress;

/** What came of opening some addresses. */
interface Opened {
  readonly sockets: readonly ListeningSocket[];
  readonly missing: readonly MissingAddress[];
}

/** All listening sockets of a server. */
export class ListeningSockets {
  readonly #accept: Accept;
  readonly #fail: (error: Error) => void;
  readonly #sockets: BoundSockets | undefined;
  #open: readonly ListeningSocket[] = [];
  #closed = false;

  /**
   * @param accept takes each client's connection, at sockets that serve.
   * @param fail told of the system's errors when clients could not be accepted.
   * @param sockets where listening sockets come from, if they are not bound here.
   */
  constructor(accept: Accept, fail: (error: Error) => void, sockets?: BoundSockets) {
    this.#accept = accept;
    this.#fail = fail;
    this.#sockets = sockets;
  }

  get addresses(): readonly ServedAddress[] {
    return this.#open.map(served);
  }

  /** Where a listener listens. */
  addressesOf(listener: string): readonly ServedAddress[] {
    return this.#open.filter((socket) => socket.listener === listener).map(served);
  }

  /**
   * Listens at the addresses of some listeners and no more at others. Where it listens already, it
   * goes on, be it for another listener; but a port that the system chose is its listener's own. An
   * address of a family that is not there does no harm as long as another is. If that fails, all is
   * as it was, and nobody who has come to a new address meanwhile is served. One change has to be
   * over before the next.
   *
   * Who comes to a new address waits for {@link serve}.
   *
   * @throws {UserError} if the system does not let it.
   */
  async moveTo(listeners: readonly ListenerAddresses[]): Promise<ListenChange> {
    const wanted = listeners.flatMap(({ name, addresses }) =>
      addresses.map((address): WantedAddress => ({ ...address, listener: name })),
    );
    const { owners, fresh } = pair(this.#open, wanted);
    const kept = [...owners.keys()];
    const obsolete = this.#open.filter((socket) => !owners.has(socket));

    let opened: Opened;
    try {
      opened = await this.#openAll(fresh, kept);
    } catch (error) {
      // A wildcard and an address of its own cannot share a port: the old one has to go first.
      if (!isInUse(error) || obsolete.length === 0) throw error;
      opened = await this.#replace(obsolete, fresh, kept);
    }
    for (const socket of obsolete) socket.close();
    const moved: MovedAddress[] = [];
    const unchanged: UserError[] = [];
    const [started, stopped] = [addressesOf(opened.sockets), addressesOf(obsolete)];
    for (const [socket, { listener, scheme, access }] of owners) {
      const before = addressOf(socket);
      Object.assign(socket, { listener, scheme });
      const now = addressOf(socket);
      if (before.scheme !== scheme) {
        stopped.push(before);
        started.push(now);
      } else if (before.listener !== listener) moved.push({ ...now, before: before.listener });
      try {
        socket.setAccess(access);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        unchanged.push(error);
      }
    }
    const { sockets, missing } = opened;
    this.#open = [...kept, ...sockets];
    return { started, stopped, moved, missing, unchanged };
  }

  /** Serves at all its addresses: what is to be in force there is. */
  serve(): void {
    for (const socket of this.#open) socket.serve();
  }

  /** Stops listening, for good. @returns where it listened. */
  close(): readonly ListeningAddress[] {
    const addresses = addressesOf(this.#open);
    this.#closed = true;
    for (const socket of this.#open) socket.close();
    this.#open = [];
    return addresses;
  }

  async #replace(
    obsolete: readonly ListeningSocket[],
    fresh: readonly WantedAddress[],
    kept: readonly ListeningSocket[],
  ): Promise<Opened> {
    for (const socket of obsolete) socket.close();
    try {
      return await this.#openAll(fresh, kept);
    } catch (error) {
      const back = obsolete.map(({ requested, address, listener, scheme }) => ({
        ...(hasNoPort(requested) ? requested : address),
        ...{ listener, scheme, optional: false },
      }));
      this.#open = [...kept, ...(await this.#openAll(back, kept)).sockets];
      this.serve();
      throw error;
    }
  }

  /** Listens at all of some addresses that are there, or at none. */
  async #openAll(
    addresses: readonly WantedAddress[],
    kept: readonly ListeningSocket[],
  ): Promise<Opened> {
    const sockets: ListeningSocket[] = [];
    const missing: MissingAddress[] = [];
    try {
      for (const address of addresses) {
        const result = await ListeningSocket.open(
          address,
          address.listener,
          this.#accept,
          this.#fail,
          this.#sockets,
        ).catch((error: unknown) => {
          throw explained(error, address, [...kept, ...sockets]);
        });
        if (result instanceof ListeningSocket) sockets.push(result);
        else missing.push(result);
      }
      if (this.#closed) throw new UserError('the server has been closed');
      const [first] = missing;
      if (first !== undefined && sockets.length + kept.length === 0) throw first.error;
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
    return { sockets, missing };
  }
}

/** What becomes of sockets that are open, and the addresses for which there is none. */
interface Pairs {
  readonly owners: ReadonlyMap<ListeningSocket, WantedAddress>;
  readonly fresh: readonly WantedAddress[];
}

/** Finds the socket of each address that is open, first those that stay with their listeners. */
function pair(open: readonly ListeningSocket[], wanted: readonly WantedAddress[]): Pairs {
  const owners = new Map<ListeningSocket, WantedAddress>();
  const find = (fits: (socket: ListeningSocket, address: WantedAddress) => boolean) => {
    const taken = new Set(owners.values());
    for (const address of wanted) {
      if (taken.has(address)) continue;
      const socket = open.find((one) => !owners.has(one) && fits(one, address));
      if (socket !== undefined) owners.set(socket, address);
    }
  };
  const isThere = ({ requested }: ListeningSocket, address: WantedAddress) =>
    sameAddress(requested, address);
  find((socket, address) => socket.listener === address.listener && isThere(socket, address));
  find((socket, address) => address.port !== 0 && isThere(socket, address));
  const found = new Set(owners.values());
  return { owners, fresh: wanted.filter((address) => !found.has(address)) };
}

/** Whether one of two addresses is all of its family, of which the other is one, at one port. */
function overlap(a: Address, b: Address): boolean {
  if (a.port !== b.port || a.port === 0 || a.host.includes(':') !== b.host.includes(':')) {
    return false;
  }
  return a.host !== b.host && (isUnspecified(a) || isUnspecified(b));
}

/** The error of an address that is in use by what was opened before it, where it is. */
function explained(
  error: unknown,
  address: WantedAddress,
  open: readonly ListeningSocket[],
): unknown {
  const other = isInUse(error) ? open.find(({ address: one }) => overlap(one, address)) : undefined;
  if (other === undefined) return error;
  const { listener } = address;
  const who =
    listener === other.listener
      ? `the listener "${listener}" listens`
      : `the listeners "${other.listener}" and "${listener}" listen`;
  const [one, two] = [formatAddress(other.address), formatAddress(address)];
  return new UserError(
    `${who} on ${one} and ${two}, of which one includes the other: expected another port for one ` +
      'of them',
    { code: 'address-in-use', subject: two, cause: error },
  );
}

function addressesOf(sockets: readonly ListeningSocket[]): ListeningAddress[] {
  return sockets.map(addressOf);
}

function addressOf(socket: ListeningSocket): ListeningAddress {
  return { ...served(socket), listener: socket.listener };
}

function served({ address, scheme }: ListeningSocket): ServedAddress {
  return scheme === undefined ? address : { ...address, scheme };
}

function isInUse(error: unknown): boolean {
  return error instanceof UserError && error.code === 'address-in-use';
}
