import type {
  Attempt,
  Authenticated,
  Authentication,
  AuthenticationFailure,
  AuthenticationMethod,
  Exchange,
} from '../../auth/method.js';
import type { Secret, SourceKind } from '../../auth/source.js';
import type { Parser } from '../../protocol/parser.js';
import { facade, octets } from '../views.js';
import { guardEncapsulation } from './encapsulation.js';
import { demandMethod, isThenable, type Owner, thenTake } from './owner.js';
import { bytesOf, identityOf } from './sources.js';

/**
 * An authentication method of an extension. Once the extension is switched off, clients that would
 * have been asked by it are refused: no weaker method takes its place.
 */
export function methodSlot(id: string, item: object, owner: Owner): AuthenticationMethod {
  const { code, strength, refusal } = item as Partial<Record<string, unknown>>;
  const available = demandMethod(item, 'available', owner);
  const authenticate = demandMethod(item, 'authenticate', owner);
  if (typeof code !== 'number' || !Number.isInteger(code) || code < 0 || code > 254) {
    throw owner.wrong('its code is no METHOD of 0 to 254 (RFC 1928 section 3)');
  }
  if (typeof strength !== 'number' || !Number.isFinite(strength)) {
    throw owner.wrong('its strength is no number');
  }
  return {
    id,
    code,
    strength,
    ...(refusal !== undefined && { refusal: bytesOf(refusal) }),
    available(authentication) {
      if (owner.isOff) return true;
      return available(authenticationView(authentication, owner)) === true;
    },
    async authenticate(exchange) {
      const answer = authenticate(exchangeView(exchange, owner));
      return thenTake(answer, owner, (given) => resultOf(given, owner));
    },
  };
}

function resultOf(given: unknown, owner: Owner): Authenticated | AuthenticationFailure {
  if (typeof given === 'object' && given !== null && 'failure' in given) {
    const { user, failure } = given as Partial<Record<string, unknown>>;
    return { user: typeof user === 'string' ? user : undefined, failure: owner.words(failure) };
  }
  const authenticated = authenticatedOf(given, owner);
  if (authenticated === undefined) throw new Error('it gave neither an identity nor a failure');
  return authenticated;
}

/**
 * Whom an extension has let in, and what all that follows is put into.
 *
 * @throws if it is no answer.
 */
export function authenticatedOf(given: unknown, owner: Owner): Authenticated | undefined {
  const identity = identityOf(given, undefined);
  if (identity === undefined) return undefined;
  const { encapsulation } = given as Partial<Record<string, unknown>>;
  const guarded = guardEncapsulation(encapsulation, owner);
  return guarded === undefined ? identity : { ...identity, encapsulation: guarded };
}

/** What a method may know of users and passwords. */
export function authenticationView(
  { anonymous, users, passwords }: Authentication,
  owner: Owner,
): Authentication {
  return facade({
    anonymous,
    users: facade({
      configured: users.configured,
      has: (kind: SourceKind) => owner.outside(() => users.has(kind)),
      identify: (user: string) => owner.outside(() => users.identify(String(user))),
      serverSecret() {
        const secret = owner.outside(() => users.serverSecret());
        return secret && octets(secret);
      },
    }),
    passwords: facade({
      check: (client: string, user: string, password: Uint8Array) =>
        owner.outside(() => passwords.check(String(client), String(user), bytesOf(password))),
      attempt: (attempt: Attempt) => {
        const { client, user, kind } = attempt;
        const matches = demandMethod(attempt, 'matches', owner);
        const asked = (secret: Secret) => {
          const answer = matches(secretView(secret));
          return isThenable(answer)
            ? Promise.resolve(answer).then((found) => found === true)
            : answer === true;
        };
        return owner.outside(() =>
          passwords.attempt({ client: String(client), user: String(user), kind, matches: asked }),
        );
      },
      mayBeEmpty: (user: string) => owner.outside(() => passwords.mayBeEmpty(String(user))),
    }),
  });
}

function secretView(secret: Secret): Secret {
  if (secret.kind !== 'plain') return facade({ ...secret });
  return facade({ ...secret, password: octets(secret.password) });
}

function exchangeView(exchange: Exchange, owner: Owner): Exchange {
  return facade({
    ...authenticationView(exchange, owner),
    client: exchange.client,
    read: reader(exchange.read, owner),
    write: (bytes: Uint8Array) => {
      const copy = bytesOf(bytes);
      owner.outside(() => exchange.write(copy));
    },
  });
}

/** Reads messages as an extension parses them: from copies of what the client sent. */
export function reader(
  read: <T>(parse: Parser<T>) => Promise<T>,
  owner: Owner,
): <T>(parse: Parser<T>) => Promise<T> {
  return (parse) => {
    const asked = (input: Uint8Array) => {
      const message = owner.run(() => parse(octets(input)));
      if (message === undefined) return undefined;
      const { value, length } = message;
      if (Number.isInteger(length) && length >= 0 && length <= input.length)
        return { value, length };
      throw new Error(`it took a message of ${owner.words(length)} octets out of ${input.length}`);
    };
    return owner.outside(() => read(asked));
  };
}
