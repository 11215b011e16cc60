import { isName } from '../../protocol/address.js';
import {
  type ConnectAnswer,
  encodeConnect,
  isAskable,
  parseConnectAnswer,
} from '../../protocol/connecthead.js';
import { Reply } from '../../protocol/socks5.js';
import type { Outbound, UpstreamServer } from '../outbound.js';
import { UpstreamError } from './error.js';
import type { Handshake } from './handshake.js';
import { ask, demandUpstream, reach } from './reach.js';

/** So many answers 1xx may come before the one that counts. */
const MAX_INTERIM = 8;

/** HTTP's CONNECT (RFC 9110 section 9.3.6) through a proxy, with Basic authentication if need be. */
export const http: Outbound = {
  id: 'http',
  schemes: ['http', 'https'],
  resolves: true,

  async connect(request, given) {
    const upstream = demandUpstream(given);
    const { destination } = request;
    const { name } = upstream;
    if (isName(destination.host) && !isAskable(destination.host)) {
      const problem = 'no HTTP proxy can be asked for such a name';
      throw new UpstreamError(name, 'failed', problem, { reply: Reply.hostUnreachable });
    }
    const handshake = await reach(upstream, request);
    await ask(upstream, handshake, async () => {
      handshake.write(encodeConnect(destination, loginOf(upstream)));
      const answer = await readAnswer(handshake);
      if (answer.status < 200 || answer.status > 299) throw refusal(upstream, answer);
    });
    return handshake.release();
  },
};

function loginOf({ user, password }: UpstreamServer): Uint8Array | undefined {
  if (user === undefined) return undefined;
  return Buffer.concat([user, Buffer.from(':'), password ?? new Uint8Array()]);
}

async function readAnswer(handshake: Handshake): Promise<ConnectAnswer> {
  for (let i = 0; i < MAX_INTERIM; i++) {
    const answer = await handshake.read(parseConnectAnswer);
    if (answer.status > 199 || answer.status === 101) return answer;
  }
  throw new Error('it goes on answering 1xx');
}

/** What statuses are answered with; 407 is about us, not about the client. */
const replies: Readonly<Record<number, Reply | undefined>> = {
  403: Reply.notAllowed,
  404: Reply.hostUnreachable,
  405: Reply.commandNotSupported,
  451: Reply.notAllowed,
  501: Reply.commandNotSupported,
  502: Reply.hostUnreachable,
  504: Reply.ttlExpired,
};

function refusal({ name, user }: UpstreamServer, { status, reason }: ConnectAnswer): UpstreamError {
  const said = `HTTP ${status} ${reason}`.trimEnd();
  // Tinyproxy says 401 of a wrong login.
  if (status === 407 || status === 401) {
    const what =
      user === undefined ? 'it wants a login, and there is none for it' : 'it refuses our login';
    return new UpstreamError(name, 'unusable', `${what} (${said})`);
  }
  const reply = replies[status] ?? Reply.generalFailure;
  return new UpstreamError(name, 'refused', said, { reply });
}
