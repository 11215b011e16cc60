import type { LoginNews } from '../auth/lockout.js';
import { monotonic } from '../base/clock.js';
import { LocalCounts } from '../limits/counts.js';
import { emptyUsage, type Usage, usageAt } from '../limits/usage.js';
import type { CountMessage, FromWorker, ToWorker } from './messages.js';

/** How many failed logins a new worker is told of, and how old they are at most, ms. */
const LOGINS = 10_000;
const LOGIN_AGE = 3_600_000;

/** How a worker is told something. */
export type Tell = (message: ToWorker) => void;

/** What all workers share: it is kept here, in the primary process. */
export class Coordinator {
  readonly #counts = new LocalCounts();
  /** What each worker has taken, by its number: given back if it dies. */
  readonly #workers = new Map<number, { readonly tell: Tell; readonly own: Map<string, number> }>();
  #logins: { readonly news: LoginNews; readonly time: number }[] = [];
  /** Logins that succeeded, by the digest of what they were made with. */
  readonly #known = new Map<string, { readonly news: LoginNews; readonly time: number }>();
  #usage: Record<string, Usage> = {};

  /** What came of logins, for a worker that was not there. */
  get logins(): LoginNews[] {
    const oldest = monotonic() - LOGIN_AGE;
    this.#logins = this.#logins.filter(({ time }) => time > oldest).slice(-LOGINS);
    for (const [digest, { time }] of this.#known) if (time <= oldest) this.#known.delete(digest);
    return [...this.#logins, ...this.#known.values()].map(({ news }) => news);
  }

  add(number: number, tell: Tell): void {
    this.#workers.set(number, { tell, own: new Map() });
  }

  /** A worker is gone, and its connections with it. */
  remove(number: number): void {
    const worker = this.#workers.get(number);
    this.#workers.delete(number);
    for (const [key, count] of worker?.own ?? []) {
      this.#counts.give(Array.from({ length: count }, () => key));
      this.#tellParts(key);
    }
  }

  /** Takes what a worker tells. @returns whether it was for the coordinator. */
  handle(number: number, message: FromWorker): boolean {
    switch (message.type) {
      case 'counts':
        this.#count(number, message.counts);
        return true;
      case 'login':
        this.#remember(message.news);
        this.#tellOthers(number, message);
        return true;
      case 'used':
        this.#use(message.bytes);
        return true;
      default:
        return false;
    }
  }

  #remember(news: LoginNews): void {
    const entry = { news, time: monotonic() };
    if (news.digest !== undefined && news.secret !== undefined) {
      this.#known.delete(news.digest);
      this.#known.set(news.digest, entry);
      if (this.#known.size > LOGINS) this.#known.delete(this.#known.keys().next().value as string);
    } else {
      this.#logins.push(entry);
      if (this.#logins.length > 2 * LOGINS) this.#logins = this.#logins.slice(-LOGINS);
    }
  }

  /** What was used, to be kept in a file: as {@link setUsage} takes it. */
  usage(): Readonly<Record<string, Usage>> {
    return this.#usage;
  }

  setUsage(usage: Readonly<Record<string, Usage>>): void {
    this.#usage = { ...usage };
    for (const { tell } of this.#workers.values()) tell({ type: 'usage', usage });
  }

  #count(number: number, messages: readonly CountMessage[]): void {
    const worker = this.#workers.get(number);
    if (worker === undefined) return;
    const { own, tell } = worker;
    const answers: [number, string | null][] = [];
    const changed = new Set<string>();
    const change = (key: string, by: number) => {
      own.set(key, (own.get(key) ?? 0) + by);
      if (own.get(key) === 0) own.delete(key);
      changed.add(key);
    };
    for (const message of messages) {
      if ('give' in message) {
        this.#counts.give(message.give);
        for (const key of message.give) change(key, -1);
      } else {
        const full = this.#counts.take(message.take);
        if (full === undefined) for (const { key } of message.take) change(key, 1);
        answers.push([message.id, full ?? null]);
      }
    }
    if (answers.length > 0) tell({ type: 'taken', answers });
    for (const key of changed) this.#tellParts(key);
  }

  /** Rates are shared by how many connections of a user or group each worker has. */
  #tellParts(name: string): void {
    if (!/^(user|group) /.test(name)) return;
    const all = this.#counts.of(name);
    for (const { own, tell } of this.#workers.values()) {
      const count = own.get(name) ?? 0;
      if (count > 0) tell({ type: 'part', name, part: count / all });
    }
  }

  #use(bytes: Readonly<Record<string, number>>): void {
    const now = new Date();
    const usage: Record<string, Usage> = {};
    for (const [name, more] of Object.entries(bytes)) {
      const before = usageAt(this.#usage[name] ?? emptyUsage, now);
      const { dayBytes, monthBytes } = before;
      usage[name] = { ...before, dayBytes: dayBytes + more, monthBytes: monthBytes + more };
    }
    this.#usage = { ...this.#usage, ...usage };
    for (const { tell } of this.#workers.values()) tell({ type: 'usage', usage });
  }

  #tellOthers(number: number, message: ToWorker): void {
    for (const [other, { tell }] of this.#workers) if (other !== number) tell(message);
  }
}
