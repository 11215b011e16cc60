import type { Address } from '../../protocol/address.js';
import { Command, Method, Reply } from '../../protocol/socks5.js';
import {
  encodeCredentials,
  encodeGreeting,
  encodeRequest,
  parseMethod,
  parseReply,
  parseStatus,
} from '../../protocol/socks5client.js';
import type { AllowedRequest, Binding, Outbound, UpstreamServer } from '../outbound.js';
import { UpstreamError } from './error.js';
import type { Handshake } from './handshake.js';
import { ask, demandUpstream, reach } from './reach.js';
import { UpstreamAssociation } from './upstreamassociation.js';

/**
 * SOCKS 5 (RFC 1928) through a server, also over TLS, with user and password (RFC 1929) if there are
 * some.
 */
export const socks5: Outbound = {
  id: 'socks5',
  schemes: ['socks5', 'socks5h', 'socks5+tls', 'socks5h+tls'],
  resolves: true,

  async connect(request, given) {
    const upstream = demandUpstream(given);
    const handshake = await loggedIn(upstream, request);
    await ask(upstream, handshake, () =>
      demand(upstream, handshake, Command.connect, request.destination),
    );
    return handshake.release();
  },

  async bind(request, given) {
    const upstream = demandUpstream(given);
    const handshake = await loggedIn(upstream, request);
    const bound = await ask(upstream, handshake, () =>
      demand(upstream, handshake, Command.bind, request.destination),
    );
    return bindingOf(upstream, handshake, bound);
  },

  async datagrams(request, given) {
    const upstream = demandUpstream(given);
    const handshake = await loggedIn(upstream, request);
    return ask(upstream, handshake, async () => {
      const any = { host: '0.0.0.0', port: 0 };
      const told = await demand(upstream, handshake, Command.associate, any);
      const relay = upstream.resolveTold(told, handshake.transport);
      const link = await upstream.link(request, relay, handshake.transport);
      return new UpstreamAssociation(handshake.release(), link);
    });
  },
};

function loggedIn(upstream: UpstreamServer, request: AllowedRequest): Promise<Handshake> {
  return reach(upstream, request, (handshake) => logIn(upstream, handshake));
}

const anonymous = encodeGreeting([Method.none]);
const byName = encodeGreeting([Method.none, Method.userpass]);

/** Method selection, and the login (RFC 1928 section 3, RFC 1929). */
async function logIn({ name, user, password }: UpstreamServer, handshake: Handshake) {
  const unusable = (problem: string) => new UpstreamError(name, 'unusable', problem);
  handshake.write(user === undefined ? anonymous : byName);
  const method = await handshake.read(parseMethod);
  if (method === Method.none) return;
  if (method === Method.userpass && user !== undefined) {
    handshake.write(encodeCredentials(user, password ?? new Uint8Array()));
    if (!(await handshake.read(parseStatus))) throw unusable('it refuses our login');
    return;
  }
  if (method !== Method.noAcceptable) throw unusable(`it chose a method not offered, ${method}`);
  throw unusable(
    user === undefined
      ? 'it wants a login, and there is none for it'
      : 'it takes no login with user and password',
  );
}

/** What replies say (RFC 1928 section 6). */
const words: Readonly<Record<number, string | undefined>> = {
  [Reply.generalFailure]: 'general failure',
  [Reply.notAllowed]: 'not allowed by its rules',
  [Reply.networkUnreachable]: 'network unreachable',
  [Reply.hostUnreachable]: 'host unreachable',
  [Reply.connectionRefused]: 'connection refused',
  [Reply.ttlExpired]: 'TTL expired',
  [Reply.commandNotSupported]: 'command not supported',
  [Reply.addressTypeNotSupported]: 'address type not supported',
};

/** Makes a request. @returns BND.ADDR and BND.PORT of success; undefined if they cannot be. */
function demand(
  { name }: UpstreamServer,
  handshake: Handshake,
  command: number,
  destination: Address,
): Promise<Address | undefined> {
  handshake.write(encodeRequest(command, destination));
  return readReply(name, handshake);
}

async function readReply(name: string, handshake: Handshake): Promise<Address | undefined> {
  const { reply, bound } = await handshake.read(parseReply);
  if (reply === Reply.succeeded) return bound;
  const known = words[reply];
  const problem = known ?? `reply ${reply}`;
  const answer = known === undefined ? Reply.generalFailure : (reply as Reply);
  throw new UpstreamError(name, 'refused', problem, { reply: answer });
}

function bindingOf(
  upstream: UpstreamServer,
  handshake: Handshake,
  told: Address | undefined,
): Binding {
  return {
    bound: upstream.resolveTold(told, handshake.transport),
    accept: async () => {
      const peer = await ask(upstream, handshake, () => readReply(upstream.name, handshake));
      const nowhere = { host: '0.0.0.0', port: 0 };
      return { transport: handshake.release(), peer: peer ?? nowhere };
    },
    close: () => handshake.abort(),
  };
}
