import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../../base/clock.js';
import {
  type AllowedRequest,
  askThrough,
  type Datagrams,
  type Outbound,
} from '../../outbound/outbound.js';
import { type Address, isName } from '../../protocol/address.js';
import type { DatagramPath } from '../../relay/association.js';
import { nameOf, type Route } from '../routes.js';
import { requestTo, routeFor, sortAddresses, tryWays } from '../ways.js';
import type { CommandContext } from './command.js';

/** How soon an association at an upstream that has ended is asked for again, ms. */
const AGAIN = 1000;

/** An association at an upstream, there or on its way. */
interface Opened {
  readonly datagrams: Promise<Datagrams>;
  readonly since: number;
  /** undefined while it is on its way. */
  there: Datagrams | undefined;
}

/**
 * The ways that the datagrams of one association take, each by its destination. An association at an
 * upstream is opened when a datagram first goes that way, and lives as long as the client's.
 */
export class DatagramWays {
  readonly #context: CommandContext;
  readonly #receive: (sender: Address, data: Uint8Array) => void;
  readonly #opened = new Map<Outbound, Opened>();
  readonly #names = new Set<string>();
  #closed = false;

  /** @param receive takes what comes from upstreams. */
  constructor(context: CommandContext, receive: (sender: Address, data: Uint8Array) => void) {
    this.#context = context;
    this.#receive = receive;
  }

  /**
   * Where datagrams to a destination go: to its addresses, in order of preference, or by an upstream.
   *
   * @throws {Refusal}
   */
  find(destination: Address): Promise<readonly string[] | DatagramPath> {
    const route = routeFor(this.#context, requestTo(this.#context, destination));
    return this.#findBy(route, destination);
  }

  close(): void {
    this.#closed = true;
    for (const { there } of this.#opened.values()) there?.close();
  }

  #findBy(route: Route, destination: Address): Promise<readonly string[] | DatagramPath> {
    const context = this.#context;
    const byName = isName(destination.host);
    const { connectTimeout } = context.settings;
    return tryWays(context, route, connectTimeout, async (way, timeout) => {
      if (byName && way.resolves) await context.demandName(destination);
      else {
        const addresses = await context.allowedAddresses(destination);
        if (way.datagrams === undefined) return this.#sort(route, destination, addresses);
      }
      return { datagrams: await this.#open(way, timeout), destination };
    });
  }

  async #sort(
    route: Route,
    destination: Address,
    addresses: readonly string[],
  ): Promise<readonly string[] | DatagramPath> {
    if (!isName(destination.host)) return addresses;
    const request = requestTo(this.#context, destination);
    const { own, others } = sortAddresses(this.#context, route, request, addresses);
    const [other] = others;
    if (own.length > 0 || other === undefined) return own;
    return this.#findBy(other.route, { host: other.address, port: destination.port });
  }

  async #open(way: Outbound, timeout: number): Promise<Datagrams> {
    const found = this.#opened.get(way);
    if (found !== undefined && found.there?.closed !== true) return found.datagrams;
    const context = this.#context;
    const { cancellation } = context;
    const request = requestTo(context, context.destination);
    const ask = async (allowed: AllowedRequest) => {
      // One that ended just now is not asked for at once.
      const rest = found === undefined ? 0 : found.since + AGAIN - monotonic();
      if (rest > 0) await sleep(rest, undefined, { signal: allowed.signal });
      if (way.datagrams === undefined) throw new Error('it carries datagrams no more');
      return way.datagrams(allowed);
    };
    const datagrams = askThrough(request, { timeout, cancellation }, ask);
    const opened: Opened = { datagrams, since: monotonic(), there: undefined };
    this.#opened.set(way, opened);
    try {
      opened.there = await datagrams;
    } catch (error) {
      this.#opened.delete(way);
      throw error;
    }
    if (this.#closed) opened.there.close();
    opened.there.start(this.#receive);
    this.#tell(way);
    return opened.there;
  }

  #tell(way: Outbound): void {
    const name = nameOf(way);
    if (name === undefined || this.#names.has(name)) return;
    this.#names.add(name);
    this.#context.leavesBy([...this.#names].join('|'));
  }
}
