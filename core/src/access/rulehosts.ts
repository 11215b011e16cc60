import { Cancellation } from '../base/cancellation.js';
import { monotonic } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import type { RuleHost } from './rules.js';

/** How long the server waits for the addresses of hosts in rules before it begins, ms. */
const LOAD_TIME = 1000;
/** How long addresses hold, ms: the system does not tell for how long they are meant. */
const REFRESH = 60_000;
/** How soon a name that did not resolve is tried again, and at last, ms: twice as long each time. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 60_000;
/** How long a name's first look-up may hold up others, ms. */
const FIRST_TIME = 2000;
/** Names that are looked up at once. */
const LOOKUPS = 32;
/** Names that a warning shows. */
const SHOWN = 3;

/** Looks a name up. @param timeout ms; 0: as long as it takes. */
export type ResolveName = (
  name: string,
  options: { readonly timeout: number; readonly cancellation: Cancellation },
) => Promise<readonly string[]>;

/** A name, and the rules about it. */
interface Entry {
  readonly name: string;
  readonly hosts: RuleHost[];
  addresses: readonly string[] | undefined;
  failing: boolean;
  delay: number;
  /** When it is looked up again, monotonic ms; Infinity meanwhile. */
  due: number;
}

/**
 * Keeps the addresses of the hosts that rules name. Names are looked up when the rules are loaded
 * and every minute from then on. One that does not resolve keeps the addresses that it had, if it
 * had any, and is tried again: after a second, two, four, and at last every minute.
 */
export class RuleHosts implements Disposable {
  readonly #entries = new Map<string, Entry>();
  readonly #resolve: ResolveName;
  readonly #warn: (message: string) => void;
  readonly #cancellation = new Cancellation();
  readonly #queue: Entry[] = [];
  #looking = 0;
  #loaded = false;
  #onIdle: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param resolve looks a name up.
   * @param warn told of names that do not resolve, and when they do again.
   * @param before what it takes the place of: names keep their addresses until there are new ones.
   */
  constructor(
    hosts: Iterable<RuleHost>,
    resolve: ResolveName,
    warn: (message: string) => void,
    before?: RuleHosts,
  ) {
    this.#resolve = resolve;
    this.#warn = warn;
    for (const host of hosts) {
      const addresses = before?.addressesOf(host.name);
      const entry = this.#entries.get(host.name) ?? newEntry(host.name, addresses);
      entry.hosts.push(host);
      if (addresses !== undefined) host.setAddresses(addresses);
      this.#entries.set(host.name, entry);
    }
  }

  /** The addresses that a name has, or had; undefined if they are not known. */
  addressesOf(name: string): readonly string[] | undefined {
    return this.#entries.get(name)?.addresses;
  }

  /** Looks all names up, but waits no longer than a second; the rest comes when it comes. */
  async load(): Promise<void> {
    if (this.#entries.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LOAD_TIME);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#lookUp([...this.#entries.values()]);
    });
    this.#onIdle = undefined;
    this.#loaded = true;
    const missing = [...this.#entries.values()].filter(
      (entry) => entry.failing || (entry.addresses === undefined && !this.#cancellation.cancelled),
    );
    for (const entry of missing) entry.failing = true;
    if (missing.length > 0) {
      this.#warn(
        `rules name hosts that cannot be resolved now: ${namesOf(missing)}; they are tried again, ` +
          'and until then a rule is about the name and about the addresses that were known, if any',
      );
    }
    this.#plan();
  }

  dispose(): void {
    this.#cancellation.cancel();
    this.#queue.length = 0;
    clearTimeout(this.#timer);
  }

  #lookUp(entries: readonly Entry[]): void {
    for (const entry of entries) {
      entry.due = Number.POSITIVE_INFINITY;
      this.#queue.push(entry);
    }
    this.#advance();
  }

  #advance(): void {
    while (this.#looking < LOOKUPS) {
      const entry = this.#queue.shift();
      if (entry === undefined) break;
      this.#looking++;
      void this.#lookUpOne(entry).then(() => {
        this.#looking--;
        this.#advance();
      });
    }
    if (this.#looking === 0) this.#onIdle?.();
    if (this.#loaded) this.#plan();
  }

  async #lookUpOne(entry: Entry): Promise<void> {
    const timeout = entry.delay === 0 ? FIRST_TIME : 0;
    let addresses: readonly string[] | undefined;
    try {
      addresses = await this.#resolve(entry.name, { timeout, cancellation: this.#cancellation });
    } catch {
      // It is tried again.
    }
    if (this.#cancellation.cancelled) return;
    const failed = addresses === undefined;
    if (addresses !== undefined) {
      entry.addresses = addresses;
      for (const host of entry.hosts) host.setAddresses(addresses);
    }
    entry.delay = failed ? Math.min(entry.delay * 2 || FIRST_RETRY, LAST_RETRY) : 0;
    entry.due = monotonic() + (failed ? entry.delay : REFRESH);
    if (this.#loaded && failed !== entry.failing) {
      const what = failed ? 'cannot be resolved any more; its last addresses stay' : 'resolves now';
      this.#warn(`the host "${entry.name}" that rules name ${what}`);
    }
    entry.failing = failed;
  }

  /** Waits until the next name is due. */
  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#cancellation.cancelled) return;
    let next = Number.POSITIVE_INFINITY;
    for (const { due } of this.#entries.values()) next = Math.min(next, due);
    if (next === Number.POSITIVE_INFINITY) return;
    const wait = Math.max(next - monotonic(), FIRST_RETRY / 2);
    this.#timer = setTimeout(() => {
      const now = monotonic();
      this.#lookUp([...this.#entries.values()].filter(({ due }) => due <= now));
      this.#plan();
    }, wait).unref();
  }
}

function newEntry(name: string, addresses: readonly string[] | undefined): Entry {
  return { name, hosts: [], addresses, failing: false, delay: 0, due: Number.POSITIVE_INFINITY };
}

function namesOf(entries: readonly Entry[]): string {
  const names = entries.slice(0, SHOWN).map(({ name }) => `"${name}"`);
  const more = entries.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}
