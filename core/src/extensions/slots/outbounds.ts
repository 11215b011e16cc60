import type { Duplex } from 'node:stream';
import type { Awaitable } from '../../base/awaitable.js';
import type {
  ConnectRequest,
  Outbound,
  OutboundRequest,
  UpstreamServer,
} from '../../outbound/outbound.js';
import type { Transport } from '../../transport/transport.js';
import { facade, view } from '../views.js';
import { demandMethod, methodOf, type Owner, schemesOf, thenTake } from './owner.js';
import { guardTransport } from './transport.js';

/** The server that a URL of `--via` names, as an extension that knows its scheme is given it. */
export interface ExtensionUpstream
  extends Pick<UpstreamServer, 'name' | 'scheme' | 'host' | 'port' | 'user' | 'password'> {
  /** ms that it may take until it is connected, and has let us in. */
  readonly timeout: number;
  /** Connects to it: through other upstreams where it says so, over TLS where its scheme does. */
  open(): Promise<Transport>;
}

/** What an extension's way out is asked. */
export interface ExtensionConnectRequest extends ConnectRequest {
  /** The server to go through, where it was chosen by the scheme of its URL. */
  readonly upstream?: ExtensionUpstream;
}

/** A way out of an extension: how connections to destinations are made. */
export interface ExtensionOutbound {
  readonly id: string;
  /** Schemes of URLs of `--via` that it connects through, as package.json contributes them. */
  readonly schemes?: readonly string[];
  /**
   * Whether names are resolved by it or behind it. Then nothing is resolved here, and rules judge
   * a name as it is; else each address that may be dialled is judged.
   */
  readonly resolves: boolean;
  /** Whether it makes a connection; every one if it is left out and there are no schemes. */
  serves?(request: OutboundRequest): boolean;
  /**
   * @param signal aborted when nobody waits any more: the client has left, or the time is up.
   * @returns a connection: a stream that allows half-open, or a transport, paused.
   * @throws an error whose `code` is the system's (`ECONNREFUSED`, ...): the reply depends on it.
   */
  connect(request: ExtensionConnectRequest, signal: AbortSignal): Awaitable<Transport | Duplex>;
}

/**
 * A way out of an extension. Once that is switched off, what would have gone this way fails: it goes
 * by no other.
 */
export function outboundSlot(id: string, item: object, owner: Owner): Outbound {
  const { resolves } = item as Partial<Record<string, unknown>>;
  const serves = methodOf(item, 'serves', owner);
  const connect = demandMethod(item, 'connect', owner);
  const known = schemesOf('outbounds', id, item, owner);
  return {
    id,
    resolves: resolves === true,
    ...(known && { schemes: known }),
    ...(serves && {
      serves: (request: OutboundRequest) => serves(requestView(request, owner)) === true,
    }),
    async connect(request, given) {
      const { signal } = request;
      const upstream = given && { upstream: upstreamView(given, request, owner) };
      const own = { ...requestView(request, owner), ...attemptView(request), ...upstream };
      const asked = facade({ ...own, signal });
      return thenTake(connect(asked, signal), owner, (given) => guardTransport(given, owner));
    },
  };
}

function requestView(
  { destination, command, client, listener, user, group, from }: OutboundRequest,
  owner: Owner,
) {
  const request = view({ destination, command, client, listener, user, group });
  if (from === undefined) return request;
  return facade({ ...request, from: (to: string) => owner.outside(() => from(String(to))) });
}

function upstreamView(
  upstream: UpstreamServer,
  request: ConnectRequest,
  owner: Owner,
): ExtensionUpstream {
  const { name, scheme, host, port, user, password, timeout } = upstream;
  const login = view({ user, password });
  const open = () => owner.outside(() => upstream.open(request));
  return facade({ name, scheme, host, port, ...login, timeout, open });
}

function attemptView({ addresses, timeout, cancellation }: ConnectRequest) {
  return {
    addresses: view(addresses),
    timeout,
    cancellation: facade({
      get cancelled() {
        return cancellation.cancelled;
      },
      on: (listener: () => void) => cancellation.on(listener),
      off: (listener: () => void) => cancellation.off(listener),
    }),
  };
}
