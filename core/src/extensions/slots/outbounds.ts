import type { Duplex } from 'node:stream';
import type { Awaitable } from '../../base/awaitable.js';
import type {
  AllowedRequest,
  ConnectRequest,
  Datagrams,
  Outbound,
  OutboundRequest,
  UpstreamServer,
} from '../../outbound/outbound.js';
import { isUpstreamFault, UpstreamError } from '../../outbound/upstream/error.js';
import { open } from '../../outbound/upstream/reach.js';
import { Reply } from '../../protocol/socks5.js';
import { unreachable } from '../../session/refusal.js';
import type { Transport } from '../../transport/transport.js';
import { TransportStream } from '../../transport/transportstream.js';
import { facade, view } from '../views.js';
import { guardDatagrams } from './datagrams.js';
import { demandMethod, methodOf, type Owner, schemesOf, thenTake } from './owner.js';
import { guardTransport } from './transport.js';

/** The server that a URL of `--via` names, as an extension that knows its scheme is given it. */
export interface ExtensionUpstream
  extends Pick<UpstreamServer, 'name' | 'scheme' | 'host' | 'port' | 'user' | 'password'> {
  /** ms that it may take until it is connected, and has let us in. */
  readonly timeout: number;
  /**
   * Connects to it: through other upstreams where it says so, over TLS where its scheme does. Given
   * up when nobody waits for the request any more.
   */
  open(): Promise<Transport>;
  /** The same as a stream of Node's, which allows half-open, for libraries that want one. */
  openStream(): Promise<Duplex>;
}

/** What an extension's way out is asked. */
export interface ExtensionConnectRequest extends ConnectRequest {
  /** The server to go through, where it was chosen by the scheme of its URL. */
  readonly upstream?: ExtensionUpstream;
}

/** What an extension's way out is asked for a client's datagrams. */
export interface ExtensionDatagramsRequest extends AllowedRequest {
  /** As {@link ExtensionConnectRequest} has it. */
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
  /**
   * Whether it stands before all other ways, whatever rules say: it makes each connection that it
   * serves by `request.onward()`, and can do something to it, or refuse it. Datagrams and BIND go
   * without it.
   */
  readonly before?: boolean;
  /** Whether it makes a connection; every one if it is left out and there are no schemes. */
  serves?(request: OutboundRequest): boolean;
  /**
   * @param signal aborted when nobody waits any more: the client has left, or the time is up.
   * @returns a connection: a stream that allows half-open, or a transport, paused.
   * @throws an error whose `code` is the system's (`ECONNREFUSED`, ...): the reply depends on it. Of
   *   an upstream its `fault` may say more: `unusable` if nobody can be served through it, which is
   *   told once, and others are tried before it for a while; `failed` if it has no proper answer, so
   *   that another way may do; `refused` if it has answered that it will not: nothing else is tried.
   */
  connect(request: ExtensionConnectRequest, signal: AbortSignal): Awaitable<Transport | Duplex>;
  /**
   * Opens a way for the datagrams of a client (UDP ASSOCIATE), to whatever destinations its rules and
   * the server's let them go this way. Without it, one that does not resolve leaves them to this
   * server; one that does cannot carry them.
   *
   * @throws as {@link connect}.
   */
  datagrams?(request: ExtensionDatagramsRequest, signal: AbortSignal): Awaitable<Datagrams>;
}

/**
 * A way out of an extension. Once that is switched off, what would have gone this way fails: it goes
 * by no other.
 */
export function outboundSlot(id: string, item: object, owner: Owner): Outbound {
  const { resolves, before } = item as Partial<Record<string, unknown>>;
  const serves = methodOf(item, 'serves', owner);
  const connect = demandMethod(item, 'connect', owner);
  const datagrams = methodOf(item, 'datagrams', owner);
  const known = schemesOf('outbounds', id, item, owner);
  return {
    id,
    resolves: resolves === true,
    ...(known && { schemes: known }),
    ...(before === true && { before }),
    ...(serves && {
      serves: (request: OutboundRequest) => serves(requestView(request, owner)) === true,
    }),
    async connect(request, given) {
      const { signal } = request;
      const upstream = given && { upstream: upstreamView(given, request, owner) };
      const own = {
        ...requestView(request, owner),
        ...attemptView(request),
        ...upstream,
        ...onwardView(request, owner),
      };
      const asked = facade({ ...own, signal });
      try {
        return await thenTake(connect(asked, signal), owner, (made) => guardTransport(made, owner));
      } catch (error) {
        throw given === undefined ? error : faultOf(error, given, owner);
      }
    },
    ...(datagrams && {
      async datagrams(request: AllowedRequest, given?: UpstreamServer) {
        const { signal } = request;
        const upstream = given && { upstream: upstreamView(given, request, owner) };
        const own = { ...requestView(request, owner), ...patienceView(request), ...upstream };
        const asked = facade({ ...own, signal });
        try {
          const opened = datagrams(asked, signal);
          return await thenTake(opened, owner, (made) => guardDatagrams(made, owner));
        } catch (error) {
          throw given === undefined ? error : faultOf(error, given, owner);
        }
      },
    }),
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

function onwardView({ onward }: ConnectRequest, owner: Owner) {
  return onward && { onward: () => owner.outside(onward) };
}

function upstreamView(
  upstream: UpstreamServer,
  request: AllowedRequest,
  owner: Owner,
): ExtensionUpstream {
  const { name, scheme, host, port, user, password, timeout } = upstream;
  const login = view({ user, password });
  const connect = () => owner.outside(() => open(upstream, request));
  const openStream = async () => new OwnedStream(await connect(), owner);
  return facade({ name, scheme, host, port, ...login, timeout, open: connect, openStream });
}

/** A connection of the server's own, as a stream whose events are the extension's to answer for. */
class OwnedStream extends TransportStream {
  readonly #owner: Owner;

  constructor(transport: Transport, owner: Owner) {
    super(transport);
    this.#owner = owner;
  }

  override onData(chunk: Uint8Array): boolean {
    return this.#owner.runEvenIfOff(() => super.onData(chunk));
  }

  override onEnd(): void {
    this.#owner.runEvenIfOff(() => super.onEnd());
  }

  override onDrain(): void {
    this.#owner.runEvenIfOff(() => super.onDrain());
  }

  override onClose(code: string | undefined): void {
    this.#owner.runEvenIfOff(() => super.onClose(code));
  }
}

/** What an extension says of an upstream by an error that it throws. */
function faultOf(error: unknown, { name }: UpstreamServer, owner: Owner): unknown {
  if (error instanceof UpstreamError || typeof error !== 'object' || error === null) return error;
  const { fault, code } = error as Partial<Record<string, unknown>>;
  if (!isUpstreamFault(fault)) return error;
  const isLate = code === 'ETIMEDOUT';
  const { reply = Reply.generalFailure } = unreachable(error);
  return new UpstreamError(name, fault, owner.words(error), {
    reply: fault === 'unusable' && !isLate ? Reply.generalFailure : reply,
    cause: error,
  });
}

function attemptView(request: ConnectRequest) {
  return { addresses: view(request.addresses), ...patienceView(request) };
}

function patienceView({ timeout, cancellation }: AllowedRequest) {
  return {
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
