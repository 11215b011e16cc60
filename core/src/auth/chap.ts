import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  Attribute,
  chapResponse,
  encodeChap,
  HMAC_MD5,
  isSuccess,
  parseChap,
} from '../protocol/chap.js';
import { Method } from '../protocol/socks5.js';
import type { AuthenticationFailure, Identity } from './identity.js';
import type { AuthenticationMethod, Exchange } from './method.js';
import type { Secret } from './source.js';
import { decodeUserName } from './username.js';

/** Octets of a challenge. */
const CHALLENGE_LENGTH = 32;

const SUCCESS = Uint8Array.of(0x00);
const refusal = encodeChap([Attribute.status, Uint8Array.of(0x01)]);

/**
 * CHAP (draft-ietf-aft-socks-chap-01) with HMAC-MD5. A client names its user with its algorithms
 * or with its response, and may ask the server to authenticate itself in turn.
 */
export const chap: AuthenticationMethod = {
  id: 'chap',
  code: Method.chap,
  strength: 20,
  refusal,
  available: ({ users }) => users.has('plain'),
  async authenticate(exchange) {
    const result = await negotiate(exchange);
    if ('failure' in result) exchange.write(refusal);
    return result;
  },
};

async function negotiate(exchange: Exchange): Promise<Identity | AuthenticationFailure> {
  const { client, users, passwords, read, write } = exchange;
  const offer = await read(parseChap);
  let user = userOf(offer.get(Attribute.userIdentity));
  if (!offer.get(Attribute.algorithms)?.includes(HMAC_MD5)) {
    return { user, failure: 'the client does not offer HMAC-MD5' };
  }
  const challenge = randomBytes(CHALLENGE_LENGTH);
  write(
    encodeChap([Attribute.algorithms, Uint8Array.of(HMAC_MD5)], [Attribute.challenge, challenge]),
  );

  const answer = await read(parseChap);
  user ??= userOf(answer.get(Attribute.userIdentity));
  const response = answer.get(Attribute.response);
  if (user === undefined) return { user, failure: 'the client names no user' };
  if (response === undefined) return { user, failure: 'the client does not answer the challenge' };
  const matches = (secret: Secret) => {
    if (secret.kind !== 'plain') return false;
    const expected = chapResponse(secret.password, challenge);
    return response.length === expected.length && timingSafeEqual(response, expected);
  };
  const result = await passwords.attempt({ client, user, kind: 'plain', matches });
  if ('failure' in result) return result;

  const counterChallenge = answer.get(Attribute.challenge);
  if (counterChallenge === undefined) {
    write(encodeChap([Attribute.status, SUCCESS]));
    return result;
  }
  const own = users.serverSecret();
  if (own === undefined) {
    return { user, failure: 'the client asks for the secret of the server, which has none' };
  }
  write(
    encodeChap(
      [Attribute.status, SUCCESS],
      [Attribute.response, chapResponse(own, counterChallenge)],
    ),
  );
  const verdict = await read(parseChap);
  if (isSuccess(verdict.get(Attribute.status))) return result;
  return { user, failure: 'the client does not accept the secret of the server' };
}

function userOf(octets: Uint8Array | undefined): string | undefined {
  return octets === undefined ? undefined : decodeUserName(octets);
}
