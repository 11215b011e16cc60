import type { Duplex } from 'node:stream';
import { type Address, isName, isUnspecified } from '../../protocol/address.js';
import type { Transport } from '../../transport/transport.js';
import { dial } from '../dial.js';
import {
  type AllowedRequest,
  type Binding,
  type ConnectRequest,
  connectThrough,
  type DatagramLink,
  type Datagrams,
  type Outbound,
  type UpstreamServer,
} from '../outbound.js';
import { onlyFamily, type Preference, preferred } from '../prefer.js';
import type { Resolver } from '../resolve.js';
import { UpstreamError } from './error.js';
import { Health } from './health.js';
import { linkThrough, openUdpLink } from './links.js';
import { isHere, itself, ownAddress } from './ownaddress.js';
import { isOverTls, UpstreamTls } from './upstreamtls.js';

/** What upstreams need of the server. */
export interface UpstreamParts {
  readonly resolver: Resolver;
  /** Where this server listens at this moment. */
  listening(): readonly Address[];
  /** Told when one cannot be used any more, and when it can again. */
  warn(message: string): void;
}

/** What is known of an upstream. */
export interface UpstreamSettings extends Address {
  readonly name: string;
  readonly scheme: string;
  readonly user: Uint8Array | undefined;
  readonly password: Uint8Array | undefined;
  /** ms. */
  readonly timeout: number;
  /** The one that it is reached through. */
  readonly through: Upstream | undefined;
  /** PEM of those by whom its certificate is to be signed, in the place of the usual ones. */
  readonly authorities?: readonly string[] | undefined;
  /** Which family of its own addresses comes first; the system's order, if left out. */
  readonly prefer?: Preference | undefined;
}

/** A server that connections go through, and the way out through it. */
export class Upstream implements Outbound, UpstreamServer {
  readonly id: string;
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly user: Uint8Array | undefined;
  readonly timeout: number;
  readonly health = new Health();
  readonly bind?: (request: AllowedRequest) => Promise<Binding>;
  /** Private, so that nothing that shows an object shows it. */
  readonly #password: Uint8Array | undefined;
  readonly #through: Upstream | undefined;
  readonly #tls: UpstreamTls | undefined;
  readonly #prefer: Preference | undefined;
  /** Where it is, if its URL names no name. */
  readonly #address: readonly [string] | undefined;
  readonly #outbound: Outbound;
  readonly #parts: UpstreamParts;

  /** @param outbound which knows its scheme. */
  constructor(settings: UpstreamSettings, outbound: Outbound, parts: UpstreamParts) {
    const { name, scheme, host, port, user, password, timeout, through } = settings;
    this.id = name;
    this.scheme = scheme;
    this.host = host;
    this.port = port;
    this.user = user;
    this.timeout = timeout;
    this.#password = password;
    this.#through = through;
    this.#tls = isOverTls(scheme) ? new UpstreamTls(host, settings.authorities) : undefined;
    this.#prefer = settings.prefer;
    this.#address = isName(host) ? undefined : [host];
    this.#outbound = outbound;
    this.#parts = parts;
    const { bind } = outbound;
    if (bind !== undefined) this.bind = (request) => bind.call(outbound, request, this);
  }

  /** What an extension has is known when it is activated, after this is made. */
  get datagrams(): ((request: AllowedRequest) => Promise<Datagrams>) | undefined {
    const outbound = this.#outbound;
    const { datagrams } = outbound;
    const isReached = this.#through === undefined || this.#through.datagrams !== undefined;
    // Beside a connection over TLS datagrams would go about for all to read.
    if (datagrams === undefined || !isReached || this.#tls !== undefined) return undefined;
    return (request) => datagrams.call(outbound, request, this);
  }

  get resolves(): boolean {
    return this.#outbound.resolves;
  }

  get name(): string {
    return this.id;
  }

  get password(): Uint8Array | undefined {
    return this.#password;
  }

  connect(request: ConnectRequest): Promise<Transport | Duplex> {
    return this.#outbound.connect(request, this);
  }

  open(request: AllowedRequest): Promise<Transport> {
    if (this.port === 0) {
      return Promise.reject(new UpstreamError(this.id, 'unusable', 'its URL says no port'));
    }
    const through = this.#through;
    const transport =
      through === undefined ? this.#dial(request) : this.#dialThrough(through, request);
    const tls = this.#tls;
    if (tls === undefined) return transport;
    return transport.then((plain) => tls.wrap(plain, request.cancellation));
  }

  #dial(request: AllowedRequest): Promise<Transport> {
    const { timeout, cancellation } = request;
    if (this.#address !== undefined) return this.#dialAt(this.#address, request);
    const family = onlyFamily(this.#prefer);
    const found = this.#parts.resolver.resolve(this.host, { timeout, cancellation, family });
    return found.then((all) => this.#dialAt(preferred(all, this.#prefer), request));
  }

  #dialAt(found: readonly string[], { cancellation, from }: AllowedRequest): Promise<Transport> {
    const { port } = this;
    const own = this.#parts.listening();
    const others = found.filter((host) => ownAddress(own, { host, port }) === undefined);
    const [first] = found;
    if (others.length === 0 && first !== undefined) {
      return Promise.reject(this.#itself({ host: first, port }));
    }
    return dial(others, port, { cancellation, from });
  }

  async #dialThrough(through: Upstream, request: AllowedRequest): Promise<Transport> {
    const { host, port } = this;
    const { cancellation, timeout, client, listener, user, group, from } = request;
    const { resolver, listening } = this.#parts;
    const own = this.#ownBehind(through, listening());
    if (own !== undefined) throw this.#itself(own);
    const byName = through.resolves && isName(host);
    const found = byName ? undefined : await resolver.resolve(host, { timeout, cancellation });
    const route = { command: 'connect', client, listener, user, group, from } as const;
    const destination = { host, port };
    return connectThrough(through, { ...route, destination }, found, { timeout, cancellation });
  }

  #itself(own: Address): UpstreamError {
    return new UpstreamError(this.id, 'unusable', itself(own));
  }

  /**
   * The address of this server's own that it leads to, as far as that can be told.
   *
   * @param listening where this server listens.
   * @param timeout how long its name may be looked for, ms.
   */
  async own(listening: readonly Address[], timeout: number): Promise<Address | undefined> {
    const { host, port } = this;
    if (!listening.some((own) => own.port === port)) return undefined;
    const through = this.#through;
    if (through !== undefined) return this.#ownBehind(through, listening);
    const found = await this.#parts.resolver.resolve(host, { timeout }).catch(() => []);
    // A name that has another host's address as well leads there.
    if (!found.every(isHere)) return undefined;
    return found.map((one) => ownAddress(listening, { host: one, port })).find(Boolean);
  }

  /** As seen by another upstream loopback is this host only if that one is on it, too. */
  #ownBehind(through: Upstream, listening: readonly Address[]): Address | undefined {
    const { host, port } = this;
    const isLocal = host === 'localhost' || /^127\.|^::1?$|^0\.0\.0\.0$/.test(host);
    if (isName(host) && !isLocal) return undefined;
    if (isLocal && !through.isHere) return undefined;
    const target = host === 'localhost' ? '127.0.0.1' : host;
    return ownAddress(listening, { host: target, port });
  }

  /** Whether it is on this host, as far as its URL tells. */
  get isHere(): boolean {
    const isLocal = this.host === 'localhost' || isHere(this.host);
    return isLocal && (this.#through?.isHere ?? true);
  }

  resolveTold(told: Address | undefined, control: Transport): Address {
    const own = this.#through === undefined ? control.remote.host : this.host;
    if (told === undefined) return { host: own, port: 0 };
    return isUnspecified(told) ? { host: own, port: told.port } : told;
  }

  async link(request: AllowedRequest, relay: Address, control: Transport): Promise<DatagramLink> {
    const through = this.#through;
    if (through?.datagrams !== undefined) {
      return linkThrough(await through.datagrams(request), relay);
    }
    const { timeout, cancellation } = request;
    const [host] = await this.#parts.resolver.resolve(relay.host, { timeout, cancellation });
    // Nobody may have datagrams sent to what only this host can reach.
    if (host === undefined || (isHere(host) && !isHere(control.remote.host))) {
      throw new UpstreamError(this.id, 'failed', `it wants datagrams at ${relay.host}`);
    }
    return openUdpLink({ host, port: relay.port });
  }
}
