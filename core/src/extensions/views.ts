/**
 * What extensions are given of the server's own data: copies that cannot be changed, and from which
 * no way leads to the prototypes that all objects have in common.
 */

/** What they inherit from: enough for a value to be shown and asked for its keys. */
const plain: object = Object.freeze(
  Object.setPrototypeOf(
    {
      hasOwnProperty(key: PropertyKey) {
        return Object.hasOwn(this, key);
      },
      toString: () => '[object Object]',
    },
    null,
  ),
);

/** The methods of arrays, without the way to what all arrays inherit from. */
const list: object = Object.freeze(
  Object.defineProperty(
    Object.create(null, Object.getOwnPropertyDescriptors<object>(Array.prototype)),
    'constructor',
    { value: undefined },
  ),
);

/** How deep data is at most: what is deeper is left out. */
const MAX_DEPTH = 8;

/**
 * A copy of data: of objects, lists and octets, and whatever is simple. What is none of these, such
 * as a signal or a function, is handed on as it is.
 */
export function view<T>(value: T, depth = 0): T {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return octets(value) as T;
  if (Array.isArray(value)) {
    const copy: unknown[] = depth >= MAX_DEPTH ? [] : value.map((item) => view(item, depth + 1));
    return Object.freeze(Object.setPrototypeOf(copy, list));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && prototype !== plain) return value;
  return facade(
    depth >= MAX_DEPTH
      ? {}
      : Object.fromEntries(
          Object.entries(value).map(([key, item]) => [key, view(item, depth + 1)]),
        ),
  ) as T;
}

/** An empty list that may be added to. */
export function emptyList<T>(): T[] {
  return Object.setPrototypeOf([], list);
}

/** A copy of octets. */
export function octets(value: Uint8Array): Uint8Array {
  return new Uint8Array(value);
}

/** An object of functions and values, that cannot be changed: these are not copied. */
export function facade<T extends object>(members: T): T {
  const own = Object.getOwnPropertyDescriptors(members);
  return Object.freeze(Object.create(plain, own)) as T;
}
