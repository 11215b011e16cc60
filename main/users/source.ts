import { randomBytes } from 'node:crypto';
import type {
  AuthenticationMethod,
  AuthenticationSource,
  Disposable,
  Identity,
  Registries,
  Secret,
} from 'picosocks5';
import type { StoredUser } from '../settings/file.js';
import { directoryOf } from './directory.js';

/** The server's option that makes it use the keychain: `auth`. */
export const KEYCHAIN_SOURCE = 'keychain:picosocks5';

/** The users and what the keychain has for them, as they are at present. */
export interface Credentials {
  readonly users: readonly StoredUser[];
  readonly passwords: ReadonlyMap<string, string>;
  /** Another one whenever passwords are others. */
  readonly generation: number;
}

/** What is said of a user besides the secret. */
function factsOf({ group, limits }: StoredUser): Pick<Identity, 'group' | 'account'> {
  return { group: group === '' ? undefined : group, ...(limits && { account: limits }) };
}

function secretOf(user: StoredUser, { passwords }: Credentials): Secret[] {
  const password = passwords.get(user.name);
  if (user.disabled || password === undefined) return [];
  const facts = factsOf(user);
  return user.hashed
    ? [{ kind: 'crypt', hash: password, ...facts }]
    : [{ kind: 'plain', password: Buffer.from(password), ...facts }];
}

/** What costs as much to check as any password. */
const PLAIN: Secret = { kind: 'plain', password: randomBytes(16), group: undefined };

/** What costs as much to check as a user's secret, whether the keychain has given it yet or not. */
function decoyOf(user: StoredUser, { passwords }: Credentials): Secret[] {
  if (user.disabled) return [];
  if (!user.hashed) return [PLAIN];
  const hash = passwords.get(user.name);
  return hash === undefined ? [] : [{ kind: 'crypt', hash, group: undefined }];
}

/**
 * The users of the desktop, as the server asks for them. Who is deleted or disabled is so at once,
 * whether the server could be told or not; and a password counts as soon as the keychain gives it.
 *
 * @param credentials asked at each login.
 * @param onDidChange calls back when they are others.
 */
export function keychainSource(
  credentials: () => Credentials,
  onDidChange: (listener: () => void) => Disposable,
): AuthenticationSource {
  let decoys: readonly Secret[] = [];
  let of: Credentials | undefined;
  return {
    name: 'keychain',
    onDidChange,
    get kinds() {
      return directoryOf(credentials().users).kinds;
    },
    get decoys() {
      const present = credentials();
      if (of?.users !== present.users || of.generation !== present.generation) {
        decoys = present.users.flatMap((user) => decoyOf(user, present));
        of = present;
      }
      return decoys;
    },
    identify(name) {
      const user = directoryOf(credentials().users).get(name);
      return user && { user: name, ...factsOf(user) };
    },
    find(name) {
      const present = credentials();
      const user = directoryOf(present.users).get(name);
      return user === undefined ? [] : secretOf(user, present);
    },
  };
}

/** The users whose passwords the keychain has, as a server needs them. */
interface KeychainUsers {
  source(): AuthenticationSource;
  settled(limit: number): Promise<void>;
}

/** The methods that ask the keychain. */
const METHODS = ['userpass', 'chap'] as const;

/**
 * Lets a server know the source `keychain:`. Who logs in while the keychain is asked waits for it.
 *
 * @param patience how long at most, ms: asked at each login.
 */
export function useKeychain(
  { authenticationSources: sources, authenticationMethods: methods }: Registries,
  users: KeychainUsers,
  patience: () => number,
): void {
  sources.register({ id: 'keychain', open: async () => users.source() });
  for (const id of METHODS) {
    const method = methods.get(id);
    if (method === undefined) continue;
    methods.unregister(method);
    methods.register(patient(method, () => users.settled(patience())));
  }
}

/** A method whose logins wait for something, such as a keychain that is being unlocked. */
function patient(method: AuthenticationMethod, wait: () => Promise<void>): AuthenticationMethod {
  return {
    ...method,
    async authenticate(exchange) {
      await wait();
      return method.authenticate(exchange);
    },
  };
}
