import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../base/errors.js';
import { hasNoPort } from '../listening/bind.js';
import type { ListenAddress } from '../listening/listeningsocket.js';
import { formatAddress } from '../protocol/address.js';
import { OPTIONS } from './optionlist.js';
import type { CheckedOptions, ListenerOptions } from './settings.js';

/** The name of the listener that has no section: the options of the server describe it. */
export const DEFAULT_LISTENER = 'default';

/** A listener as options describe it. */
export interface DescribedListener {
  readonly name: string;
  /** What it says itself. */
  readonly own: ListenerOptions;
  /** All options as they are for its clients: its own, and the server's for the rest. */
  readonly options: CheckedOptions;
}

/** @throws {UserError} if no listener with a section can have this name. */
export function checkListenerName(name: string): void {
  if (name === '' || name !== name.trim() || /\p{Cc}/u.test(name)) {
    throw new UserError(
      `${JSON.stringify(name)} is no name of a listener: expected a text without control ` +
        'characters, and without white space around it',
    );
  }
  if (name !== DEFAULT_LISTENER) return;
  throw new UserError(
    `[listener:${name}]: "${name}" is the listener without a section, for which the options of ` +
      'the server stand; expected another name',
  );
}

/**
 * @param place where its section begins, if that is known: FILE:LINE.
 * @throws {UserError} if a listener with a section does not say where it listens.
 */
export function demandListen(name: string, { listen }: ListenerOptions, place?: string): void {
  if (listen !== undefined) return;
  const error = new UserError(
    `[listener:${name}]: expected listen = [ADDRESS][:PORT], where it listens`,
    { code: 'invalid-option', option: 'listen' },
  );
  throw place === undefined ? error : UserError.at(place, error);
}

/**
 * The listeners that options describe: the one without a section first, if there is one, and the
 * others in their order.
 *
 * @throws {UserError} if one does not say where it listens.
 */
export function describedListeners(options: CheckedOptions): DescribedListener[] {
  const named = Object.entries(options.listeners).map(([name, own]) => {
    demandListen(name, own);
    return { name, own, options: { ...options, ...own } };
  });
  const hasDefault = named.length === 0 || options.listen.length > 0;
  return hasDefault ? [{ name: DEFAULT_LISTENER, own: {}, options }, ...named] : named;
}

/** @throws {UserError} naming both listeners, if two listen at one address. */
export function demandDistinct(
  listeners: readonly { readonly name: string; readonly addresses: readonly ListenAddress[] }[],
): void {
  const owners = new Map<string, string>();
  for (const { name, addresses } of listeners) {
    for (const address of addresses) {
      // Port 0 is another port each time.
      if (address.port === 0 && !hasNoPort(address)) continue;
      const subject = formatAddress(address);
      const owner = owners.get(subject);
      owners.set(subject, name);
      if (owner === undefined || owner === name) continue;
      throw new UserError(
        `the listeners "${owner}" and "${name}" both listen on ${subject}: expected another ` +
          'address or port for one of them',
        { code: 'invalid-option', option: 'listen', subject },
      );
    }
  }
}

/** Options that stay in force beside a listener's own: for what all have together, or in part. */
const common: ReadonlySet<string> = new Set(['maxconn', 'listen', 'via', 'from', 'resolver']);

/** What options say that no listener goes by. @returns a sentence for each. */
export function idleOptions(
  options: CheckedOptions,
  listeners: readonly DescribedListener[],
): string[] {
  const messages: string[] = [];
  for (const { name, own } of listeners) {
    const { maxconn = 0 } = own;
    if (options.maxconn === 0 || maxconn <= options.maxconn) continue;
    messages.push(
      `[listener:${name}]: maxconn = ${maxconn} is not in force: that of all is ${options.maxconn}`,
    );
  }
  for (const { key, name, default: usual, in: sections = [] } of OPTIONS) {
    if (!sections.includes('listener') || common.has(key)) continue;
    const value: unknown = options[key as keyof CheckedOptions];
    const isReplaced = listeners.every(
      ({ own }) => own[key as keyof ListenerOptions] !== undefined,
    );
    if (!isReplaced || isDeepStrictEqual(value, usual)) continue;
    messages.push(`${name} is not in force: each [listener:NAME] has its own`);
  }
  return messages;
}
