import type { Identity } from '../auth/method.js';
import type { Address } from '../protocol/address.js';
import type { Transport } from '../transport/transport.js';
import type { Layer } from './layer.js';

/** What is known of a client that a session has served on the same transport. */
export interface Past {
  /** How often it has failed to log in, one time after the other. */
  readonly failures?: number;
  /** Who it is, if a layer says so. */
  readonly known?: Known | undefined;
}

/** A client that has more to ask than one session serves. */
export interface GoingOn extends Past {
  /** Paused, and nobody's. */
  readonly transport: Transport;
}

/** What is known of a client that comes, besides where from. */
export interface More extends Past {
  /** Where the load balancer is that told the client's address, if one did. */
  readonly balancer?: Address | undefined;
  /** Whether it is a load balancer's own connection: then what only looks whether somebody is here is not told. */
  readonly isBalancer?: boolean | undefined;
  /** What it has to speak before all else. */
  readonly layer?: Layer | undefined;
}

/** Who a client is, before it is asked, and by what. */
export interface Known {
  readonly identity: Identity;
  /** The layer. */
  readonly method: string;
}
