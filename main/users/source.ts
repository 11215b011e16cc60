import { randomBytes } from 'node:crypto';
import type {
  AuthenticationMethod,
  AuthenticationSource,
  Disposable,
  Registries,
  Secret,
} from 'picosocks5';
import type { StoredUser } from '../settings/file.js';

/** The server's option that makes it use the keychain: `auth`. */
export const KEYCHAIN_SOURCE = 'keychain:picosocks5';

/** The users and what the keychain has for them, as they are at present. */
export interface Credentials {
  readonly users: readonly StoredUser[];
  readonly passwords: ReadonlyMap<string, string>;
}

function secretOf({ name, group, disabled, hashed }: StoredUser, { passwords }: Credentials) {
  const password = passwords.get(name);
  if (disabled || password === undefined) return [];
  const ofGroup = { group: group === '' ? undefined : group };
  const secret: Secret = hashed
    ? { kind: 'crypt', hash: password, ...ofGroup }
    : { kind: 'plain', password: Buffer.from(password), ...ofGroup };
  return [secret];
}

/** What costs as much to check as a user's secret, whether the keychain has given it yet or not. */
function decoyOf(user: StoredUser, credentials: Credentials): Secret[] {
  const [secret] = secretOf(user, credentials);
  if (secret?.kind === 'crypt') return [{ ...secret, group: undefined }];
  if (user.disabled || user.hashed) return [];
  return [{ kind: 'plain', password: randomBytes(16), group: undefined }];
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
  return {
    name: 'keychain',
    onDidChange,
    get kinds() {
      const enabled = credentials().users.filter(({ disabled }) => !disabled);
      return new Set(enabled.map(({ hashed }) => (hashed ? 'crypt' : 'plain')));
    },
    get decoys() {
      const present = credentials();
      return present.users.flatMap((user) => decoyOf(user, present));
    },
    identify(name) {
      const user = credentials().users.find((candidate) => candidate.name === name);
      if (user === undefined) return undefined;
      return { user: name, group: user.group === '' ? undefined : user.group };
    },
    find(name) {
      const present = credentials();
      const user = present.users.find((candidate) => candidate.name === name);
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
