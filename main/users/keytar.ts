import { join } from 'node:path';
import { type UtilityProcess, utilityProcess } from 'electron';
import type { KeytarAnswer, KeytarCall } from './keytarprocess.js';

const PROGRAM = join(import.meta.dirname, 'keytarprocess.js');

/** A call may wait for the system to ask its user; that takes as long as it takes, up to this, ms. */
const TIMEOUT = 60_000;
/** The process ends when nobody has asked for this long, ms. */
const IDLE = 10_000;

/**
 * keytar in a process of its own. Its calls block a thread until the keychain answers, which may
 * be never: then an app could not even end. And what goes wrong in a native library ends its
 * process, not the app.
 */
export class Keytar {
  #child: UtilityProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;

  /** @throws keytar's error, or one that says that there was no answer. */
  call<T extends KeytarAnswer['result']>(
    method: KeytarCall['method'],
    ...args: string[]
  ): Promise<T> {
    clearTimeout(this.#idle);
    const child = this.#process();
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      const settle = (action: () => void) => {
        clearTimeout(timer);
        child.off('message', answered);
        child.off('exit', ended);
        this.#idle = setTimeout(() => this.#end(child), IDLE);
        action();
      };
      const answered = ({ id: answers, result, error }: KeytarAnswer) => {
        if (answers !== id) return;
        settle(() => (error === undefined ? resolve(result as T) : reject(new Error(error))));
      };
      const ended = () => settle(() => reject(new Error('its library failed')));
      const timer = setTimeout(() => {
        this.#end(child);
        settle(() => reject(new Error('it does not answer')));
      }, TIMEOUT);
      child.on('message', answered);
      child.once('exit', ended);
      child.postMessage({ id, method, args } satisfies KeytarCall);
    });
  }

  #process(): UtilityProcess {
    if (this.#child === undefined) {
      const child = utilityProcess.fork(PROGRAM, [], { serviceName: 'keychain', stdio: 'ignore' });
      child.once('exit', () => this.#forget(child));
      this.#child = child;
    }
    return this.#child;
  }

  #end(child: UtilityProcess): void {
    this.#forget(child);
    child.kill();
  }

  #forget(child: UtilityProcess): void {
    if (this.#child === child) this.#child = undefined;
  }
}
