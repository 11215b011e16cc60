import type { Verdict } from '../../access/policy.js';
import type { DatagramEncapsulation } from '../../auth/method.js';
import type { Cancellation } from '../../base/cancellation.js';
import type { Disposable } from '../../base/disposable.js';
import type { CloseReason } from '../../log/events.js';
import type { FamilyAddresses } from '../../outbound/external.js';
import type { FromTable, LocalAddressOf } from '../../outbound/from.js';
import type { OutboundRequest } from '../../outbound/outbound.js';
import type { Preference } from '../../outbound/prefer.js';
import type { Address } from '../../protocol/address.js';
import type { Reply } from '../../protocol/socks5.js';
import type { Throttles } from '../../relay/pacer.js';
import type { Traffic } from '../../relay/tunnel.js';
import type { PortRange } from '../../transport/ports.js';
import type { Transport } from '../../transport/transport.js';
import type { Routes } from '../routes.js';

/** How the server is set up to serve commands. Times are ms. */
export interface CommandSettings {
  readonly routes: Routes;
  /** Where outgoing connections leave from; as the routes say, if it is undefined. */
  readonly from: FromTable | undefined;
  /** Which family of addresses is preferred; the system's order, if it is undefined. */
  readonly prefer: Preference | undefined;
  /** How long connecting may take. */
  readonly connectTimeout: number;
  /** How long BIND waits for its peer. */
  readonly bindTimeout: number;
  /** How long an association may be idle. */
  readonly udpTimeout: number;
  /** The addresses that peers and destinations see; found by the routes where they are not set. */
  readonly external: FamilyAddresses;
  /** What replies tell instead, where the host is behind NAT. */
  readonly advertised: FamilyAddresses;
  readonly bindPorts: PortRange;
  readonly udpPorts: PortRange;
  /** Told of upstreams that cannot be used any more, and when they can again. */
  warn(message: string): void;
}

/** What serves a command has of the session: the client, the request, and what is allowed. */
export interface CommandContext extends OutboundRequest {
  readonly settings: CommandSettings;
  /** Chooses the local address of outgoing connections and datagrams; undefined: the routes do. */
  readonly from: LocalAddressOf | undefined;
  /** The client's IP address. */
  readonly clientHost: string;
  /** The local end of the client's connection; 0.0.0.0:0 if it is not the client that reaches it. */
  readonly control: Address;
  readonly traffic: Traffic;
  readonly throttles: Throttles;
  /** Gives up when the client leaves or the session is ended. */
  readonly cancellation: Cancellation;
  /**
   * Resolves a destination, the request's if none is given, and asks the access policies about
   * each of its addresses.
   *
   * @returns those that are allowed, at least one.
   * @throws {Refusal} if there is none.
   */
  allowedAddresses(destination?: Address): Promise<readonly string[]>;
  /**
   * Asks the access policies about a destination by its name, the request's if none is given.
   *
   * @throws {Refusal}
   */
  demandName(destination?: Address): Promise<void>;
  /** Asks the access policies about an IP address in place of the request's destination. */
  judge(address: string): Verdict;
  /** Tells that a datagram to a destination is not relayed. @param error why. */
  refuseDatagram(destination: Address, error: unknown): void;
  /** Counts an association of the client. @throws {Refusal} if it is one too many. */
  countAssociation(): Promise<Disposable>;
  /**
   * The form of the client's datagrams; undefined: that of RFC 1928.
   *
   * @throws {Refusal} if its way of logging in has none.
   */
  readonly datagrams: DatagramEncapsulation | undefined;
  /** Calls back when the client sends nothing more, which CONNECT allows. */
  whenClientEnded(callback: () => void): void;
  /** Remembers by which way out it leaves; undefined: the direct one. */
  leavesBy(via: string | undefined): void;
  /** Answers the client before the last answer of success, of which BIND has two. */
  reply(reply: Reply, bound: Address): void;
  /**
   * Serves a connection to the remote host to its last byte, in one call: tells that it is
   * established, replies, and hands the client's transport over, with what it sent ahead.
   *
   * @param told BND.ADDR and BND.PORT of the reply.
   * @param bound the local end of the connection, as events tell it; `told` if it is left out.
   */
  relay(remote: Transport, told: Address, bound?: Address): Promise<CloseReason>;
  /**
   * Serves an association until its client finishes or leaves: tells that it is established, and
   * replies. What the client sends is thrown away.
   *
   * @param told BND.ADDR and BND.PORT of the reply.
   * @param bound where the association listens.
   */
  associate(told: Address, bound: Address): Promise<CloseReason>;
}

/** Serves one command from its request to its last byte. */
export type CommandHandler = (context: CommandContext) => Promise<CloseReason>;
