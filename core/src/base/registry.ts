import { type Disposable, toDisposable } from './disposable.js';
import { UserError } from './errors.js';

/** Things of one kind that the server can do, by their names, in the order of registration. */
export class Registry<T extends { readonly id: string }> implements Iterable<T> {
  readonly #kind: string;
  readonly #items = new Map<string, T>();

  /** @param kind what is registered here, for messages: `authentication method`, ... */
  constructor(kind: string) {
    this.#kind = kind;
  }

  /**
   * Adds an item until the result is disposed.
   *
   * @throws {UserError} if one of that name is registered.
   */
  register(item: T): Disposable {
    if (this.#items.has(item.id)) {
      throw new UserError(`the ${this.#kind} "${item.id}" is registered already`);
    }
    this.#items.set(item.id, item);
    return toDisposable(() => this.unregister(item));
  }

  unregister(item: T): void {
    if (this.#items.get(item.id) === item) this.#items.delete(item.id);
  }

  /** Another one with the same items, or those of them that are to be there. */
  copy(isWanted: (item: T) => boolean = () => true): Registry<T> {
    const copy = new Registry<T>(this.#kind);
    for (const item of this) if (isWanted(item)) copy.register(item);
    return copy;
  }

  get size(): number {
    return this.#items.size;
  }

  get(id: string): T | undefined {
    return this.#items.get(id);
  }

  get ids(): string[] {
    return [...this.#items.keys()];
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.values();
  }
}
