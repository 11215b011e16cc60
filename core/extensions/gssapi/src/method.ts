import type {
  Authenticated,
  AuthenticationFailure,
  AuthenticationMethod,
  Exchange,
} from 'picosocks5';
import { SecurityContext } from './context.js';
import { sealedDatagrams } from './datagrams.js';
import { abort, encodeFrame, MessageType, tokenOf, writeHeader } from './frames.js';
import type { Groups } from './groups.js';
import { grantLevel, Level } from './levels.js';
import {
  type Accepted,
  ANONYMOUS_FLAG,
  CONFIDENTIALITY_FLAG,
  type Credentials,
  GssError,
  INTEGRITY_FLAG,
  type Library,
} from './library.js';
import { parsePrincipal, userOf } from './principal.js';
import { SealedStream } from './sealedstream.js';

/** METHOD of RFC 1928 section 3. */
const METHOD = 1;
/** Above passwords and CHAP: what follows is protected as well. */
const STRENGTH = 30;
/** Tokens of a client until it is let in, at most. */
const MAX_TOKENS = 16;

/** What clients are let in by. */
export interface MethodOptions {
  readonly library: Library;
  readonly credentials: Credentials;
  readonly levels: readonly Level[];
  readonly realms: readonly string[];
  readonly groups: Groups;
  /** Told, in a line, of a connection that is ended since something is wrong with it. */
  warn(message: string): void;
}

/** GSS-API (RFC 1961). */
export function gssapi(options: MethodOptions): AuthenticationMethod {
  return {
    id: 'gssapi',
    code: METHOD,
    strength: STRENGTH,
    refusal: abort,
    available: () => true,
    async authenticate(exchange) {
      const context = new SecurityContext(options.library);
      let result: Authenticated | AuthenticationFailure | undefined;
      try {
        result = await negotiate(context, exchange, options);
        if ('failure' in result) exchange.write(abort);
        return result;
      } finally {
        // Who is protected needs it on.
        if (result === undefined || !('encapsulation' in result)) context.dispose();
      }
    },
  };
}

async function negotiate(
  context: SecurityContext,
  exchange: Exchange,
  options: MethodOptions,
): Promise<Authenticated | AuthenticationFailure> {
  const { realms, groups, levels } = options;
  let name: string | undefined;
  try {
    const { principal, flags } = await establish(context, exchange, options.credentials);
    name = principal;
    if ((flags & ANONYMOUS_FLAG) !== 0) return { user: name, failure: 'the client is anonymous' };
    const user = userOf(parsePrincipal(principal), realms);
    if (typeof user !== 'string') return { user: name, ...user };
    const group = (await groups.of(principal)) ?? (await exchange.users.identify(user))?.group;
    const level = await agree(context, exchange, possible(levels, flags));
    if (level === undefined) {
      return { user, failure: 'the client can have no protection that gssapi.levels grants' };
    }
    if (level === Level.clear) return { user, group };
    const isConfidential = level === Level.confidentiality;
    const { client } = exchange;
    const failed = (words: string) =>
      options.warn(`the connection of ${user} from ${client} is ended: ${words}`);
    const protection = { context, isConfidential, failed };
    const encapsulation = {
      wrap: (transport: ConstructorParameters<typeof SealedStream>[0]) =>
        new SealedStream(transport, protection),
      datagrams: sealedDatagrams(context, isConfidential),
      dispose: () => context.dispose(),
    };
    return { user, group, encapsulation };
  } catch (error) {
    if (error instanceof GssError) return { user: name, failure: error.message };
    throw error;
  }
}

/** Takes the client's tokens until it has proved who it is. @throws {GssError} */
async function establish(
  context: SecurityContext,
  { read, write }: Exchange,
  credentials: Credentials,
): Promise<Accepted> {
  for (let i = 0; i < MAX_TOKENS; i++) {
    const token = await read(tokenOf(MessageType.authentication));
    const accepted = await context.accept(credentials, token);
    if (accepted.answer.length > 0) {
      write(encodeFrame(MessageType.authentication, accepted.answer));
    }
    if (accepted.isEstablished) return accepted;
  }
  throw new GssError(`the client has sent ${MAX_TOKENS} tokens and is not done`);
}

/** What a context with these flags can give. */
function possible(levels: readonly Level[], flags: number): Level[] {
  return levels.filter((level) => {
    if (level === Level.confidentiality) return (flags & CONFIDENTIALITY_FLAG) !== 0;
    return level === Level.clear || (flags & INTEGRITY_FLAG) !== 0;
  });
}

/**
 * Agrees on the level of protection (RFC 1961 section 4.3). Some clients, NEC's at first, send the octet
 * as it is, in place of a token: they are answered alike.
 *
 * @throws {GssError}
 */
async function agree(
  context: SecurityContext,
  { read, write }: Exchange,
  levels: readonly Level[],
): Promise<Level | undefined> {
  const token = await read(tokenOf(MessageType.protection));
  const isBare = token.length === 1;
  const octets = isBare ? token : (await context.unwrap(token)).octets;
  const [asked] = octets;
  if (asked === undefined || octets.length !== 1 || asked > 3) {
    throw new GssError('the client asks for no level of protection');
  }
  const level = grantLevel(asked, levels);
  if (level === undefined) return undefined;
  if (isBare) write(encodeFrame(MessageType.protection, Uint8Array.of(level)));
  else write(writeHeader(await context.wrap(false, Uint8Array.of(level)), MessageType.protection));
  return level;
}
