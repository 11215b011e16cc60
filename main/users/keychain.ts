import { messageOf, UserError } from 'picosocks5';

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

function explain(error: unknown): KeychainError {
  const message = messageOf(error).trim().split('\n')[0] ?? '';
  if (/locked|dismissed|denied|cancell?ed|interaction is not allowed/i.test(message)) {
    return new KeychainError('The keychain is locked: unlock it and try again.');
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

  /** Every password by its user's name. @throws {KeychainError} */
  async all(): Promise<Map<string, string>> {
    const found = await this.#call((keytar) => keytar.findCredentials(SERVICE));
    return new Map(found.map(({ account, password }) => [account, password]));
  }

  /** @throws {KeychainError} */
  get(user: string): Promise<string | undefined> {
    return this.#call(async (keytar) => (await keytar.getPassword(SERVICE, user)) ?? undefined);
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
