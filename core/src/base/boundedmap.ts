import { Oldest } from './oldest.js';

/** A map that forgets the entry that was set the longest ago when it has too many. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #size: number;
  readonly #oldest = new Oldest<K>(this);
  /** How many entries were set since one was forgotten. */
  #set = 0;

  /** @param size how many entries it keeps, at least 1. */
  constructor(size: number) {
    super();
    this.#size = size;
  }

  /** An entry that is set again is the youngest. */
  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#size) {
      this.delete(this.#oldest.next() as K);
      this.#set = 0;
    } else if (++this.#set > this.#size) {
      this.#oldest.forget();
      this.#set = 0;
    }
    return this;
  }
}
