import { messageOf, UserError } from 'picosocks5';
import { busProperty } from '../desktop/sessionbus.js';

/** The name under which the system's keychain has our passwords. */
export const SERVICE = 'picosocks5';

/** The system may ask its user to unlock the keychain; that takes as long as it takes, up to this, ms. */
const TIMEOUT = 60_000;

type Keytar = typeof import('keytar');

const ADVICE: Readonly<Record<string, string>> = {
  linux:
    'install a Secret Service (gnome-keyring, KWallet or KeePassXC) and libsecret ' +
    '(Debian: apt install gnome-keyring libsecret-1-0), and log in again',
  darwin: 'open Keychain Access and see that the login keychain is there and unlocked',
  win32: 'see that the service "Credential Manager" runs',
};

/** Why the keychain did not do what it was asked to: a sentence, with what helps. */
export class KeychainError extends UserError {}

const LOCKED = 'The keychain is locked: unlock it and try again.';

/**
 * Whether the keychain is known to be locked. A locked Secret Service may answer as if it had
 * nothing (Secret Service API, org.freedesktop.Secret.Collection).
 */
async function isLocked(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const locked = await busProperty({
    service: 'org.freedesktop.secrets',
    path: '/org/freedesktop/secrets/aliases/default',
    interface: 'org.freedesktop.Secret.Collection',
    property: 'Locked',
  });
  return locked ?? false;
}

function explain(error: unknown): KeychainError {
  const message = messageOf(error).trim().split('\n')[0] ?? '';
  if (/locked|dismissed|denied|cancell?ed|interaction is not allowed/i.test(message)) {
    return new KeychainError(LOCKED);
  }
  const advice = ADVICE[process.platform] ?? 'see that the system has one';
  return new KeychainError(`No keychain can be used (${message || 'no reason given'}): ${advice}.`);
}

/**
 * The operating system's keychain, through keytar: one entry for each user, the account is its
 * name. One call at a time: some keychains ask the user, and nobody wants to be asked twice.
 */
export class Keychain {
  #keytar: Promise<Keytar> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * The passwords of some users; those that it has none for are left out. They are asked for one
   * by one: keytar's search for all of them ends the process if one is locked.
   *
   * @throws {KeychainError}
   */
  read(users: readonly string[]): Promise<Map<string, string>> {
    return this.#call(async (keytar) => {
      const passwords = new Map<string, string>();
      let unlocked = false;
      for (const user of users) {
        const password = await keytar.getPassword(SERVICE, user);
        if (password !== null) passwords.set(user, password);
        else if (!unlocked && (await isLocked())) throw new KeychainError(LOCKED);
        unlocked = true;
      }
      return passwords;
    });
  }

  /** @throws {KeychainError} */
  get(user: string): Promise<string | undefined> {
    return this.#call(async (keytar) => {
      const password = await keytar.getPassword(SERVICE, user);
      if (password === null && (await isLocked())) throw new KeychainError(LOCKED);
      return password ?? undefined;
    });
  }

  /** @throws {KeychainError} */
  set(user: string, password: string): Promise<void> {
    return this.#call((keytar) => keytar.setPassword(SERVICE, user, password));
  }

  /** @throws {KeychainError} */
  async delete(user: string): Promise<void> {
    await this.#call((keytar) => keytar.deletePassword(SERVICE, user));
  }

  #call<T>(action: (keytar: Keytar) => Promise<T>): Promise<T> {
    const call = this.#last.then(async () => {
      try {
        this.#keytar ??= load();
        return await withTimeout(action(await this.#keytar));
      } catch (error) {
        this.#keytar = undefined;
        throw error instanceof KeychainError ? error : explain(error);
      }
    });
    this.#last = call.catch(() => {});
    return call;
  }
}

/** Loads keytar when it is needed: without its system library the rest of the app works. */
async function load(): Promise<Keytar> {
  const module = await import('keytar');
  return 'default' in module ? (module.default as Keytar) : module;
}

function withTimeout<T>(call: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = () => reject(new KeychainError('The keychain does not answer; try again.'));
    const timer = setTimeout(give, TIMEOUT);
    call.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
