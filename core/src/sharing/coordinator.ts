import type { LockoutFilter, LoginNews } from '../auth/lockout.js';
import { BoundedMap } from '../base/boundedmap.js';
import { monotonic } from '../base/clock.js';
import { emptyUsage, type Usage, usageAt } from '../limits/usage.js';
import { networkOf } from '../protocol/ip.js';
import { PostOffice } from './mail.js';
import type { FromWorker, ToWorker } from './messages.js';
import { Permits, type Tell } from './permits.js';

/** How long it takes until all workers know of bytes that one has told of, ms. */
const USAGE_DELAY = 200;

/** How many failed logins a new worker is told of, and how old they are at most, ms. */
const LOGINS = 10_000;
const LOGIN_AGE = 3_600_000;

interface Remembered {
  readonly news: LoginNews;
  /** Monotonic ms. */
  readonly time: number;
}

/** What all workers share: it is kept here, in the primary process. */
export class Coordinator {
  readonly #permits = new Permits();
  readonly #mail = new PostOffice();
  readonly #workers = new Map<number, Tell>();
  /** How many connections share a rate, by name and by worker. */
  readonly #connections = new Map<string, Map<number, number>>();
  #logins: Remembered[] = [];
  /** Logins that succeeded, by the digest of what they were made with. */
  readonly #known = new BoundedMap<string, Remembered>(LOGINS);
  #usage: Record<string, Usage> = {};
  /** Whose usage the workers are to be told of. */
  readonly #used = new Set<string>();

  /** What came of logins, for a worker that was not there. */
  get logins(): LoginNews[] {
    const oldest = monotonic() - LOGIN_AGE;
    this.#logins = this.#logins.filter(({ time }) => time > oldest).slice(-LOGINS);
    for (const [digest, { time }] of this.#known) if (time <= oldest) this.#known.delete(digest);
    return [...this.#logins, ...this.#known.values()].map(({ news }) => news);
  }

  add(number: number, tell: Tell): void {
    this.#workers.set(number, tell);
    this.#permits.add(number, tell);
    this.#mail.add(number, (mail, done) => tell({ type: 'mail', mail }, done));
  }

  /** A worker is gone, and its connections with it. */
  remove(number: number): void {
    this.#workers.delete(number);
    this.#permits.remove(number);
    this.#mail.remove(number);
    for (const name of this.#connections.keys()) this.#setConnections(number, name, 0);
  }

  /** Takes what a worker tells. @returns whether it was for the coordinator. */
  handle(number: number, message: FromWorker): boolean {
    switch (message.type) {
      case 'counts':
        this.#permits.handle(number, message.counts);
        return true;
      case 'login':
        this.#remember(message.news);
        this.#tellOthers(number, message);
        return true;
      case 'connections':
        for (const [name, count] of Object.entries(message.counts)) {
          this.#setConnections(number, name, count);
        }
        return true;
      case 'mail':
        this.#mail.post(number, message.mail);
        return true;
      case 'used-by-all':
        this.#usage = { ...this.#usage, ...message.usage };
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
      this.#known.set(news.digest, entry);
    } else {
      this.#logins.push(entry);
      if (this.#logins.length > 2 * LOGINS) this.#logins = this.#logins.slice(-LOGINS);
    }
  }

  /** Tells no worker any more of failed logins of those who are meant. */
  forgive({ address, user }: LockoutFilter): void {
    const isMeant = (news: LoginNews) =>
      (address === undefined || networkOf(news.address) === networkOf(address)) &&
      (user === undefined || news.user === user);
    this.#logins = this.#logins.filter(({ news }) => news.secret !== undefined || !isMeant(news));
  }

  /** What was used, to be kept in a file: as {@link setUsage} takes it. */
  usage(): Readonly<Record<string, Usage>> {
    return { ...this.#usage };
  }

  setUsage(usage: Readonly<Record<string, Usage>>): void {
    this.#usage = { ...usage };
    for (const tell of this.#workers.values()) tell({ type: 'usage', usage });
  }

  /** Rates are shared by how many connections of a user or group each worker has. */
  #setConnections(number: number, name: string, count: number): void {
    const counts = this.#connections.get(name) ?? new Map<number, number>();
    if (count === (counts.get(number) ?? 0)) return;
    if (count > 0) counts.set(number, count);
    else counts.delete(number);
    if (counts.size > 0) this.#connections.set(name, counts);
    else this.#connections.delete(name);
    const all = [...counts.values()].reduce((sum, one) => sum + one, 0);
    for (const [worker, own] of counts) {
      this.#workers.get(worker)?.({ type: 'part', name, part: own / all });
    }
  }

  #use(bytes: Readonly<Record<string, number>>): void {
    const now = new Date();
    for (const [name, more] of Object.entries(bytes)) {
      const before = usageAt(this.#usage[name] ?? emptyUsage, now);
      const { dayBytes, monthBytes } = before;
      this.#usage[name] = { ...before, dayBytes: dayBytes + more, monthBytes: monthBytes + more };
      if (this.#used.size === 0) setTimeout(() => this.#tellUsage(), USAGE_DELAY).unref();
      this.#used.add(name);
    }
  }

  /** Tells all workers at once what several of them have used. */
  #tellUsage(): void {
    const names = [...this.#used];
    this.#used.clear();
    const usage = Object.fromEntries(names.map((name) => [name, this.#usage[name] ?? emptyUsage]));
    for (const tell of this.#workers.values()) tell({ type: 'usage', usage });
  }

  #tellOthers(number: number, message: ToWorker): void {
    for (const [other, tell] of this.#workers) if (other !== number) tell(message);
  }
}
