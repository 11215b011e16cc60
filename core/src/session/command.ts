import type { Socket } from 'node:net';
import type { CommandName } from '../access/policy.js';
import type { Identity } from '../auth/method.js';
import type { CloseReason } from '../events.js';
import type { Registry } from '../extensions/registry.js';
import type { Connector } from '../net/connector.js';
import type { Traffic } from '../net/relay.js';
import type { Address } from '../protocol/address.js';
import type { Reply } from '../protocol/socks5.js';

/** What serves a command has of the session: the client, the request, and what is allowed. */
export interface CommandContext {
  readonly identity: Identity;
  readonly command: CommandName;
  readonly destination: Address;
  readonly traffic: Traffic;
  /** The last one registered that serves a connection makes it. */
  readonly connectors: Registry<Connector>;
  /** How long connecting may take, ms. */
  readonly connectTimeout: number;
  /** Gives up when the client leaves or the session is ended. */
  readonly signal: AbortSignal;
  /**
   * Resolves the destination and asks the access policies about each of its addresses.
   *
   * @returns those that are allowed, at least one.
   * @throws {Refusal} if there is none.
   */
  allowedAddresses(): Promise<readonly string[]>;
  /** Sends a reply. */
  reply(reply: Reply, bound: Address): void;
  /** Tells that the destination answers. */
  established(bound: Address, remote: Address): void;
  /** Hands over the client's socket, and what it sent ahead, to be relayed. */
  release(): { readonly client: Socket; readonly early: Uint8Array };
}

/** Serves one command from its request to its last byte. */
export type CommandHandler = (context: CommandContext) => Promise<CloseReason>;
