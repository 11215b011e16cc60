import { AsyncLocalStorage } from 'node:async_hooks';
import { pathToFileURL } from 'node:url';
import { monotonic } from '../base/clock.js';
import { type Disposable, toDisposable } from '../base/disposable.js';
import { Watchdog } from './watchdog.js';

/** How long the event loop may be held before it is told who does, ms. */
export const HOLD_LIMIT = 50;

/** Somebody whose code runs in this process and who answers for what it does: an extension. */
export interface Culprit {
  /** Where its code is, without symbolic links. */
  readonly folder: string;
  /** Takes an error that its code threw or was rejected with, and that nobody caught. */
  escaped(error: unknown): void;
  /** Told that its code kept everything else waiting. @param time ms. */
  held(time: number): void;
}

/**
 * Whose code runs at a moment, through all that it starts: its timers, its sockets, its promises.
 * There is one of it in a process. Where nobody is watched, it costs nothing; on Node 20 and 22
 * every promise costs something while somebody is, since it follows them by hooks.
 */
class Faults {
  readonly #storage = new AsyncLocalStorage<Culprit | undefined>();
  /** Who is watched, and how often it was asked for. */
  readonly #watched = new Map<Culprit, number>();
  /** Who ever was, the last one of each folder: a timer may outlive what it was of. */
  readonly #known = new Map<string, Culprit>();
  readonly #watchdog = new Watchdog(HOLD_LIMIT, (time) => this.#storage.getStore()?.held(time));
  #isListening = false;

  /** Watches somebody until the result is disposed; afterwards only for what still escapes. */
  watch(culprit: Culprit): Disposable {
    this.#watched.set(culprit, (this.#watched.get(culprit) ?? 0) + 1);
    this.#known.set(urlOf(culprit.folder), culprit);
    this.#watchdog.start();
    this.#listen();
    return toDisposable(() => {
      const count = (this.#watched.get(culprit) ?? 1) - 1;
      if (count > 0) this.#watched.set(culprit, count);
      else this.#watched.delete(culprit);
      if (this.#watched.size > 0) return;
      this.#watchdog.stop();
      this.#storage.disable();
    });
  }

  /** Runs somebody's code. */
  run<T>(culprit: Culprit, code: () => T): T {
    const started = monotonic();
    try {
      return this.#storage.run(culprit, code);
    } finally {
      const time = monotonic() - started;
      if (time > HOLD_LIMIT) culprit.held(time);
    }
  }

  /** Runs code of this program's own, that somebody's code has called. */
  outside<T>(code: () => T): T {
    return this.#storage.getStore() === undefined ? code() : this.#storage.run(undefined, code);
  }

  /**
   * Sees what nobody caught before anybody else does (process, "uncaughtException" and
   * "unhandledRejection"): what is somebody's, nobody else hears of; all else is as it would be.
   */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const emit = process.emit;
    process.emit = ((name: string, ...args: unknown[]): boolean => {
      const isFault = name === 'uncaughtException' || name === 'unhandledRejection';
      return (isFault && this.#answer(args[0])) || Reflect.apply(emit, process, [name, ...args]);
    }) as typeof process.emit;
  }

  #answer(error: unknown): boolean {
    const culprit = this.#storage.getStore() ?? this.#byStack(error);
    if (culprit === undefined) return false;
    this.outside(() => culprit.escaped(error));
    return true;
  }

  /** Whose code threw an error, by where it did: for what runs in no context any more. */
  #byStack(error: unknown): Culprit | undefined {
    const place = firstPlace(error);
    if (place === undefined) return undefined;
    for (const [url, culprit] of this.#known) if (place.startsWith(url)) return culprit;
    return undefined;
  }
}

export const faults = new Faults();

function urlOf(folder: string): string {
  return `${pathToFileURL(folder).href}/`;
}

/** The file of the first line of an error's stack that is not Node's own, as a URL. */
function firstPlace(error: unknown): string | undefined {
  for (const line of stackOf(error).split('\n')) {
    const [, file] = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*?):\d+(?::\d+)?\)?$/.exec(line) ?? [];
    if (file === undefined) continue;
    return file.startsWith('file:') ? file : pathToFileURL(file).href;
  }
  return undefined;
}

/** The stack of anything that was thrown: its own code may run when it is asked for. */
export function stackOf(error: unknown): string {
  try {
    const stack = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? stack.slice(0, 20_000) : '';
  } catch {
    return '';
  }
}

/** Where in a folder an error was thrown, such as `dist/extension.js:12`; undefined if elsewhere. */
export function placeIn(folder: string, error: unknown): string | undefined {
  const url = urlOf(folder);
  for (const line of stackOf(error).split('\n')) {
    for (const root of [url, `${folder}/`]) {
      const start = line.indexOf(root);
      if (start < 0) continue;
      const [, file, number] =
        /^([^?]*?)(?:\?[^:]*)?:(\d+)/.exec(line.slice(start + root.length)) ?? [];
      if (file !== undefined) return `${file}:${number}`;
    }
  }
  return undefined;
}

/** What was thrown, in words: its own code may run when it is asked for. @returns one line. */
export function wordsOf(error: unknown): string {
  let text: string;
  try {
    const message = error instanceof Error ? error.message : String(error);
    text = typeof message === 'string' ? message : String(message);
  } catch {
    text = 'an error that cannot be shown';
  }
  return cut(text === '' ? 'an error without a message' : text);
}

/** Characters of a message of an extension at most. */
export const MAX_MESSAGE = 4096;

/** A text that is not too long for a message. */
export function cut(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)} ... (cut)`;
}
