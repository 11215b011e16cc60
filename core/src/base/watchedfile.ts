import { readFileSync, statSync } from 'node:fs';
import { monotonic } from './clock.js';

/** How long a file is taken to be as it was, ms. */
const FRESH = 1000;

/**
 * A file of the system's that changes seldom, read again when it has changed. What cannot be read
 * is as an empty file. Reading does not use libuv's threads, which may all wait for names.
 */
export class WatchedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  #value: T | undefined;
  #stamp: string | undefined;
  #looked = Number.NEGATIVE_INFINITY;

  constructor(path: string, parse: (text: string) => T) {
    this.#path = path;
    this.#parse = parse;
  }

  /** What it says now, or said a second ago: the same object while it has not changed. */
  get(): T {
    const now = monotonic();
    if (this.#value !== undefined && now - this.#looked < FRESH) return this.#value;
    this.#looked = now;
    const stamp = this.#readStamp();
    if (this.#value === undefined || stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#value = this.#parse(this.#read());
    }
    return this.#value;
  }

  #readStamp(): string {
    try {
      const { mtimeMs, ctimeMs, size, ino } = statSync(this.#path);
      return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
    } catch {
      return '';
    }
  }

  #read(): string {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch {
      return '';
    }
  }
}
