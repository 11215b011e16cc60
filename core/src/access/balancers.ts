import { UserError } from '../base/errors.js';
import { Network } from './network.js';

/** What stands for all who come by a UNIX socket, in place of a network. */
const UNIX = 'unix';

/** Where load balancers are: whose connections begin with a PROXY header, and nobody else's. */
export class Balancers {
  readonly #networks: readonly Network[];
  readonly #byUnixSocket: boolean;

  /**
   * @param texts `ADDRESS[/BITS]`, or `unix` for who comes by a UNIX socket.
   * @throws {UserError} if one is neither.
   */
  constructor(texts: readonly string[]) {
    this.#networks = texts.filter((text) => text !== UNIX).map(parseBalancer);
    this.#byUnixSocket = texts.includes(UNIX);
  }

  /** Whether everybody counts as one. */
  get areEverywhere(): boolean {
    return this.#networks.some((network) => network.isAll);
  }

  /**
   * Whether a connection is one of theirs.
   *
   * @param address where it comes from, 4 or 16 octets; undefined: by a UNIX socket.
   */
  have(address: Uint8Array | undefined): boolean {
    if (address === undefined) return this.#byUnixSocket;
    return this.#networks.some((network) => network.contains(address));
  }
}

function parseBalancer(text: string): Network {
  const network = Network.parse(text);
  if (network !== undefined) return network;
  throw new UserError(`"${text}" is neither ADDRESS[/BITS] nor ${UNIX}`);
}

/**
 * Checks one network of `--proxy-protocol`.
 *
 * @throws {UserError} if it is malformed.
 */
export function checkBalancer(text: string): void {
  new Balancers([text]);
}
