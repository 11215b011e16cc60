import { inspect } from 'node:util';
import type { Disposable } from '../base/disposable.js';
import { TokenBucket } from '../limits/tokenbucket.js';
import type { Mail } from '../sharing/mail.js';
import type { ExtensionWorkers } from './api.js';
import type { Extension } from './extension.js';
import { facade, view } from './views.js';

/** Characters of JSON: of a message, and of those of a second. */
const MAX_TEXT = 256 * 1024;
const RATE = 1024 * 1024;

/** Which process this is, and what leads to the others. */
export interface WorkerParts {
  readonly number: number;
  readonly count: number;
  /** Sends to the other processes. */
  post(mail: Mail): void;
  /** Calls back with what is for this process, until the result is disposed. */
  onMail(listener: (mail: Mail) => void): Disposable;
}

/** The processes that serve, as an extension has them: it speaks to itself there. */
export function workersOf(extension: Extension, parts: WorkerParts): ExtensionWorkers {
  const { number, count } = parts;
  const { name } = extension.manifest;
  const listeners = new Set<(mail: Mail) => void>();
  const rate = new TokenBucket();
  rate.rate = RATE;
  rate.give(RATE);
  const hear = (mail: Mail) => {
    for (const listener of [...listeners]) listener(mail);
  };
  const heard = parts.onMail((mail) => {
    if (mail.of === name) hear(mail);
  });
  extension.keep(() => heard.dispose());
  return facade({
    number,
    count,
    send(message: unknown, to?: number): boolean {
      if (to !== undefined && !(Number.isInteger(to) && to >= 1 && to <= count)) {
        throw new RangeError(`there is no worker ${inspect(to)}: expected 1 to ${count}`);
      }
      const text: unknown = JSON.stringify(message);
      if (typeof text !== 'string') {
        throw new TypeError(`expected what JSON can say, not a ${typeof message}`);
      }
      if (text.length > MAX_TEXT) {
        throw new RangeError(
          `a message has ${text.length} characters: expected at most ${MAX_TEXT}`,
        );
      }
      if (extension.isOff || rate.take(0) > 0) return false;
      rate.take(text.length);
      const mail = { of: name, text, from: number, to };
      if (to === number) setImmediate(() => hear(mail));
      else if (count > 1) extension.outside(() => parts.post(mail));
      return true;
    },
    onMessage(listener: (message: unknown, from: number) => void): Disposable {
      if (typeof listener !== 'function') throw new TypeError('expected a function');
      const take = ({ text, from }: Mail) => {
        if (extension.isOff) return;
        try {
          extension.run(() => listener(view<unknown>(JSON.parse(text)), from));
        } catch (error) {
          extension.failed('taking a message of another worker', error);
        }
      };
      listeners.add(take);
      return extension.keep(() => listeners.delete(take));
    },
  });
}
