import { accountOf } from '../../auth/account.js';
import { checkKinds } from '../../auth/asking.js';
import type { Identity } from '../../auth/identity.js';
import type {
  AuthenticationSource,
  AuthenticationSourceFormat,
  Secret,
  SourceKind,
  Verification,
} from '../../auth/source.js';
import { withDeadline } from '../../base/awaitable.js';
import { toDisposable } from '../../base/disposable.js';
import { facade, octets } from '../views.js';
import { demandMethod, isThenable, methodOf, type Owner, thenTake } from './owner.js';

const kindNames: readonly SourceKind[] = ['plain', 'crypt', 'password'];

/** A format of sources of an extension. */
export function sourceFormatSlot(
  id: string,
  item: object,
  owner: Owner,
): AuthenticationSourceFormat {
  const open = demandMethod(item, 'open', owner);
  return {
    id,
    async open(argument, warn) {
      const tell = (message: unknown) => owner.outside(() => warn(owner.words(message)));
      const time = owner.activationTime;
      const late = () => new Error(`"${id}:" was not opened within ${time / 1000} s`);
      try {
        const opening = Promise.resolve(owner.run(() => open(argument, tell)));
        return sourceSlot(await withDeadline(opening, time, late), owner);
      } catch (error) {
        throw owner.mistake(error);
      }
    },
  };
}

/** A source of an extension: the passwords that it is given are its own copies, and wiped. */
function sourceSlot(source: unknown, owner: Owner): AuthenticationSource {
  if (typeof source !== 'object' || source === null) throw owner.wrong('open() gave no source');
  const name = owner.words(Reflect.get(source, 'name'));
  const find = methodOf(source, 'find', owner);
  const verify = methodOf(source, 'verify', owner);
  const identify = methodOf(source, 'identify', owner);
  const serverSecret = methodOf(source, 'serverSecret', owner);
  const onDidChange = methodOf(source, 'onDidChange', owner);
  const dispose = methodOf(source, 'dispose', owner);
  const slot: AuthenticationSource = {
    name,
    answerTime: owner.answerTime,
    get kinds() {
      return owner.run(() => kindsOf(Reflect.get(source, 'kinds'), owner));
    },
    ...('groups' in source && {
      get groups() {
        return owner.run(() => textsOf(Reflect.get(source, 'groups')));
      },
    }),
    ...('decoys' in source && {
      get decoys() {
        return owner.run(() => secretsOf(Reflect.get(source, 'decoys')));
      },
    }),
    ...(find && {
      find: (user: string) => thenTake(find(user), owner, secretsOf),
    }),
    ...(verify && {
      verify: (user: string, password: Uint8Array, { client, signal }: Verification) => {
        const copy = octets(password);
        let answer: unknown;
        try {
          answer = verify(user, copy, facade({ client, signal }));
          if (!isThenable(answer)) return identityOf(answer, user);
        } finally {
          if (!isThenable(answer)) copy.fill(0);
        }
        const taken = thenTake(answer, owner, (given) => identityOf(given, user));
        return Promise.resolve(taken).finally(() => copy.fill(0));
      },
    }),
    ...(identify && {
      identify: (user: string) =>
        thenTake(identify(user), owner, (answer) => identityOf(answer, user)),
    }),
    ...(serverSecret && {
      serverSecret() {
        const secret = serverSecret();
        return secret instanceof Uint8Array ? octets(secret) : undefined;
      },
    }),
    ...('quotas' in source && {
      get quotas() {
        return owner.run(() => Reflect.get(source, 'quotas')) === true;
      },
    }),
    ...(onDidChange && {
      onDidChange(listener: () => void) {
        const watching = onDidChange(() => owner.outside(listener));
        return toDisposable(() => {
          if (typeof watching !== 'object' || watching === null) return;
          methodOf(watching, 'dispose', owner)?.();
        });
      },
    }),
    ...(dispose && {
      dispose() {
        try {
          dispose();
        } catch (error) {
          owner.failed(`closing the source of users "${name}"`, error);
        }
      },
    }),
  };
  checkKinds(slot);
  return slot;
}

/**
 * A source that cannot be opened yet, since its extension is not activated: as long as it is not,
 * it has nothing that a login could be checked by.
 */
export class PendingSource implements AuthenticationSource {
  readonly name: string;
  readonly kinds: ReadonlySet<SourceKind> = new Set();

  constructor(name: string) {
    this.name = name;
  }

  /** Becomes the source that was opened in its place. */
  become(source: AuthenticationSource): void {
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(source));
  }
}

function kindsOf(value: unknown, owner: Owner): ReadonlySet<SourceKind> {
  if (value instanceof Set || Array.isArray(value)) {
    return new Set(kindNames.filter((kind) => new Set(value).has(kind)));
  }
  throw owner.wrong('the kinds of its source are no set of plain, crypt and password');
}

function textsOf(value: unknown): ReadonlySet<string> | undefined {
  if (!(value instanceof Set) && !Array.isArray(value)) return undefined;
  return new Set([...value].filter((item) => typeof item === 'string'));
}

/** @throws if a list has what is no secret. */
function secretsOf(value: unknown): readonly Secret[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`it found a ${typeof value}, not a list of secrets`);
  return value.map((secret: Partial<Record<string, unknown>> | null): Secret => {
    const { kind, password, hash, group, account } = secret ?? {};
    if (group === undefined || group === null || typeof group === 'string') {
      const of = {
        group: group ?? undefined,
        ...(account === undefined ? {} : { account: accountOf(account) }),
      };
      if (kind === 'plain' && password instanceof Uint8Array) {
        return { kind, password: octets(password), ...of };
      }
      if (kind === 'crypt' && typeof hash === 'string') return { kind, hash, ...of };
    }
    throw new Error('it found what is no secret');
  });
}

/**
 * Who somebody is, as an extension says.
 *
 * @param user whose name it is if the answer has none.
 * @throws if it is no answer.
 */
export function identityOf(answer: unknown, user: string | undefined): Identity | undefined {
  if (answer === undefined || answer === null) return undefined;
  if (typeof answer !== 'object') throw new Error(`it gave a ${typeof answer}, not an identity`);
  const { user: name = user, group, account } = answer as Partial<Record<string, unknown>>;
  const isName = (value: unknown) => value === undefined || typeof value === 'string';
  if (isName(name) && (isName(group) || group === null)) {
    return {
      user: name as string | undefined,
      group: (group ?? undefined) as string | undefined,
      ...(account === undefined ? {} : { account: accountOf(account) }),
    };
  }
  throw new Error('it gave an identity whose user or group is no text');
}

/** What an extension may give as bytes; a copy. @throws if it is none. */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return octets(value);
  throw new Error(`it gave a ${typeof value}, not octets`);
}
