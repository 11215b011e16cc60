import { messageOf, Sequence } from 'picosocks5';
import { busProperty } from '../desktop/sessionbus.js';
import { type PlainKey, text } from '../words/words.js';
import { KeychainError } from './keychainerror.js';
import { Keytar } from './keytar.js';
import type { Credential } from './keytarprocess.js';
import type { Lock } from './retry.js';
import { Cancelled } from './transfer.js';

/** The name under which the system's keychain has our passwords. */
const SERVICE = 'picosocks5';

const ADVICE: Readonly<Record<string, PlainKey>> = {
  linux: 'keychain.advice.linux',
  darwin: 'keychain.advice.darwin',
  win32: 'keychain.advice.win32',
};

/** From how many users on all passwords are asked for at once. */
const MANY = 20;

/** Whether the keychain is locked, where that can be told without asking its user. */
export async function lockOfKeychain(): Promise<Lock> {
  if (process.platform !== 'linux') return 'unknown';
  const locked = await busProperty({
    service: 'org.freedesktop.secrets',
    path: '/org/freedesktop/secrets/aliases/default',
    interface: 'org.freedesktop.Secret.Collection',
    property: 'Locked',
  });
  if (locked === undefined) return 'unknown';
  return locked ? 'locked' : 'open';
}

/**
 * A locked Secret Service may answer as if it had nothing (Secret Service API,
 * org.freedesktop.Secret.Collection).
 *
 * @throws {KeychainError} if it is known to be locked.
 */
async function demandUnlocked(): Promise<void> {
  if ((await lockOfKeychain()) === 'locked') throw new KeychainError(text('keychain.locked'));
}

function explain(error: unknown): KeychainError {
  const message = messageOf(error).trim().split('\n')[0] ?? '';
  if (/locked|dismissed|denied|cancell?ed|interaction is not allowed/i.test(message)) {
    return new KeychainError(text('keychain.locked'), /dismissed|denied|cancell?ed/i.test(message));
  }
  if (/does not answer/.test(message)) {
    return new KeychainError(text('keychain.silent'));
  }
  if (/does not exist at path/.test(message)) {
    return new KeychainError(text('keychain.noKeyring'));
  }
  const reason = /native addon/.test(message) ? text('keychain.noLibrary') : message;
  const advice = text(ADVICE[process.platform] ?? 'keychain.advice.other');
  const why = reason || text('keychain.noReason');
  return new KeychainError(text('keychain.unusable', { reason: why, advice }));
}

/**
 * The operating system's keychain, through keytar: one entry for each user, the account is its
 * name. One call at a time: some keychains ask the user, and nobody wants to be asked twice.
 */
export class Keychain {
  readonly #keytar = new Keytar();
  readonly #calls = new Sequence();

  /**
   * The passwords of some users; those that it has none for are left out.
   *
   * @param step told how many users were asked for; what it throws ends the reading.
   * @throws {KeychainError}
   */
  read(
    users: readonly string[],
    step: (done: number) => void = () => {},
  ): Promise<Map<string, string>> {
    return this.#next(async () => {
      // keytar's search for all of them at once crashes on what is locked.
      if (users.length >= MANY && (await lockOfKeychain()) === 'open') {
        const all = await this.#readAll(users).catch(() => undefined);
        if (all !== undefined) return all;
      }
      const passwords = new Map<string, string>();
      let unlocked = false;
      for (const [i, user] of users.entries()) {
        step(i);
        const password = await this.#get(user);
        if (password !== null) passwords.set(user, password);
        else if (!unlocked) await demandUnlocked();
        unlocked = true;
      }
      return passwords;
    });
  }

  /** @throws {KeychainError} */
  get(user: string): Promise<string | undefined> {
    return this.#next(async () => {
      const password = await this.#get(user);
      if (password === null) await demandUnlocked();
      return password ?? undefined;
    });
  }

  /** @throws {KeychainError} */
  set(user: string, password: string): Promise<void> {
    return this.#next(() => this.#keytar.call<undefined>('setPassword', SERVICE, user, password));
  }

  /** @throws {KeychainError} */
  delete(user: string): Promise<void> {
    return this.#next(async () => {
      const deleted = await this.#keytar.call<boolean>('deletePassword', SERVICE, user);
      if (!deleted) await demandUnlocked();
    });
  }

  async #readAll(users: readonly string[]): Promise<Map<string, string>> {
    const wanted = new Set(users);
    const all = await this.#keytar.call<Credential[]>('findCredentials', SERVICE);
    const found = all.filter(({ account }) => wanted.has(account));
    return new Map(found.map(({ account, password }) => [account, password]));
  }

  #get(user: string): Promise<string | null> {
    return this.#keytar.call('getPassword', SERVICE, user);
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    return this.#calls.run(async () => {
      try {
        return await action();
      } catch (error) {
        const isClear = error instanceof KeychainError || error instanceof Cancelled;
        throw isClear ? error : explain(error);
      }
    });
  }
}
