import type { UserError } from '../../base/errors.js';

/** An extension, as what it has registered sees it. */
export interface Owner {
  /** For messages, such as `ldap`. */
  readonly short: string;
  /** Whether it was switched off or deactivated: its code does not run any more. */
  readonly isOff: boolean;
  /** How long it has to answer a question, ms. */
  readonly answerTime: number;
  /** Where its code is. */
  readonly folder: string;
  /** The schemes of URLs that package.json contributes for an item. */
  schemesOf(point: 'outbounds' | 'resolvers', id: string): readonly string[];
  /** Whether package.json says that a layer lets nobody in whom it cannot identify. */
  identifies(layer: string): boolean;
  /**
   * Runs its code.
   *
   * @throws what that throws; an error if the extension is switched off or was deactivated.
   */
  run<T>(code: () => T): T;
  /** Runs its code for what it has made before: connections outlive it. */
  runEvenIfOff<T>(code: () => T): T;
  /** Runs the server's own code, which its code has called. */
  outside<T>(code: () => T): T;
  /** Tells that its code failed where nobody denies for that. */
  failed(what: string, error: unknown): void;
  /** A message of its, without its secrets and not too long. */
  words(text: unknown): string;
  /** How long it has to be activated, and to open what options name, ms. */
  readonly activationTime: number;
  /** What it threw where a person can mend it, as a sentence. */
  mistake(error: unknown): UserError;
  /** The error for an item that it cannot register. */
  wrong(problem: string): UserError;
}

/** A method of an item, as it was when it was registered; it may be one that only its class has. */
export type Method = (this: unknown, ...args: never[]) => unknown;

/** Runs code in an owner's name. */
type Run = (code: () => unknown) => unknown;

/**
 * The method of an item, as a function that runs it in its owner's name.
 *
 * @returns undefined if the item has none.
 * @throws {UserError} if it is no function.
 */
export function methodOf(
  item: object,
  name: string,
  owner: Owner,
  run: Run = (code) => owner.run(code),
): ((...args: unknown[]) => unknown) | undefined {
  const method: unknown = Reflect.get(item, name);
  if (method === undefined) return undefined;
  if (typeof method !== 'function') throw owner.wrong(`its ${name} is no function`);
  return (...args) => run(() => Reflect.apply(method, item, args));
}

/** A method that is asked for connections which are there, even if the extension is switched off. */
export function lastingMethod(item: object, name: string, owner: Owner) {
  return methodOf(item, name, owner, (code) => owner.runEvenIfOff(code));
}

/** @throws {UserError} if an item lacks a method. */
export function demandMethod(
  item: object,
  name: string,
  owner: Owner,
): (...args: unknown[]) => unknown {
  const method = methodOf(item, name, owner);
  if (method === undefined) throw owner.wrong(`it has no ${name}()`);
  return method;
}

/** Whether a value is one that comes later. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/** Goes on with what an extension gives, now or when it comes, in the server's own name. */
export function thenTake<T>(
  given: unknown,
  owner: Owner,
  take: (value: unknown) => T,
): T | Promise<T> {
  if (!isThenable(given)) return take(given);
  // What is thenable is the extension's code.
  return owner.run(() => Promise.resolve(given)).then((value) => owner.outside(() => take(value)));
}

/**
 * The schemes of URLs that an item knows.
 *
 * @returns undefined if it says nothing about them.
 * @throws {UserError} if one is none of those that package.json contributes.
 */
export function schemesOf(
  point: 'outbounds' | 'resolvers',
  id: string,
  item: object,
  owner: Owner,
): readonly string[] | undefined {
  const given: unknown = Reflect.get(item, 'schemes');
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) throw owner.wrong('its schemes are no list');
  const contributed = owner.schemesOf(point, id);
  const stranger = given.find((scheme) => !contributed.includes(scheme));
  if (stranger === undefined) return [...given];
  throw owner.wrong(
    `its scheme "${owner.words(stranger)}" is none of those that package.json contributes`,
  );
}
