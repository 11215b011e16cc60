import type { Awaitable } from '../base/awaitable.js';
import { toDisposable } from '../base/disposable.js';
import type { Counts, Full, Lease, Wanted } from '../limits/counts.js';
import type { AskedKey, CountMessage, ToWorker } from './messages.js';

/** How many keys may have permits that nobody uses; those of more are returned at once. */
const MAX_IDLE = 1000;

/** What a worker has of a key. */
interface Credit {
  /** How many it counts; those that it counted while there was no limit need no permit. */
  used: number;
  /** Permits that it holds. */
  held: number;
  /** What the limit was when they were granted. */
  limit: number | undefined;
  /** Whether others are short: then what is not used is returned at once. */
  isTight: boolean;
  /** How many were free at least since {@link Credits.returnUnused}. */
  leastFree: number;
  /** What the key is one of. */
  of: string | undefined;
}

interface Waiting {
  readonly wanted: readonly Wanted[];
  readonly resolve: (result: Lease | Full) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A worker's counts, or a replica's: what has no limit is counted here alone, what has one against permits that the
 * primary process grants ahead; see `Permits`. While there are any, no message is needed.
 */
export class Credits implements Counts {
  readonly #tell: (messages: readonly CountMessage[]) => void;
  readonly #credits = new Map<string, Credit>();
  readonly #waiting = new Map<number, Waiting>();
  /** Messages are gathered for a turn of the event loop. */
  #outgoing: CountMessage[] = [];
  #lastId = 0;
  /** How many keys have permits of which none is used. */
  #idle = 0;
  /** Whether nobody can be asked: then all is counted, and told later. */
  #isAlone = false;

  /** @param tell tells the primary process, in order. */
  constructor(tell: (messages: readonly CountMessage[]) => void) {
    this.#tell = tell;
  }

  take(wanted: readonly Wanted[]): Awaitable<Lease | Full> {
    for (const one of wanted) if (!this.#has(one)) return this.#ask(wanted);
    return this.#lease(wanted);
  }

  /** Takes what the primary process tells. */
  handle({ grants, answers, recalls }: Extract<ToWorker, { readonly type: 'permits' }>): void {
    for (const [key, count, limit, isLoose] of grants) {
      const credit = this.#credit(key);
      this.#hold(credit, count);
      credit.limit = limit;
      credit.isTight = !isLoose;
    }
    for (const [id, full] of answers) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      waiting?.resolve(full === null ? this.#lease(waiting.wanted) : { full });
    }
    for (const key of recalls) {
      const credit = this.#credits.get(key);
      if (credit !== undefined) credit.isTight = true;
      const count = credit === undefined ? 0 : this.#release(key, credit, free(credit));
      this.#outgoing.push({ recalled: key, count });
    }
    if (recalls.length > 0) this.flush();
  }

  /** Returns what was not used since the last call. */
  returnUnused(): void {
    for (const [key, credit] of this.#credits) {
      if (credit.held === 0) continue;
      this.#give(key, credit, Math.min(credit.leastFree, free(credit)));
      credit.leastFree = free(credit);
    }
  }

  /** Tells the primary process at once of all that is counted, since there may be limits now. */
  claimAll(): void {
    for (const [key, credit] of this.#credits) this.#claim(key, credit);
    this.flush();
  }

  /**
   * Counts without asking from now on, whatever the limits are, since nobody answers.
   *
   * @param error what those get who wait for an answer; a lease if it is left out.
   */
  goAlone(error?: Error): void {
    this.#isAlone = true;
    this.#outgoing = [];
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { wanted, resolve, reject } of waiting) {
      if (error === undefined) resolve(this.#lease(wanted));
      else reject(error);
    }
  }

  /** Asks again from now on, of one who knows nothing: claims all that is counted. */
  joinAgain(): void {
    this.#isAlone = false;
    this.#idle = 0;
    for (const [key, credit] of this.#credits) {
      credit.held = 0;
      credit.leastFree = Number.POSITIVE_INFINITY;
      this.#claim(key, credit);
      this.#forgetUnused(key, credit);
    }
    this.flush();
  }

  /** Tells what is still untold. */
  flush(): void {
    if (this.#outgoing.length === 0) return;
    const messages = this.#outgoing;
    this.#outgoing = [];
    this.#tell(messages);
  }

  /** How many keys are known. */
  get size(): number {
    return this.#credits.size;
  }

  #has({ key, limit }: Wanted): boolean {
    if (limit === undefined || this.#isAlone) return true;
    const credit = this.#credits.get(key);
    return credit !== undefined && credit.limit === limit && credit.held > credit.used;
  }

  #lease(wanted: readonly Wanted[]): Lease {
    for (const { key, of: all } of wanted) {
      const credit = this.#credit(key);
      credit.of = all;
      this.#use(credit);
    }
    return toDisposable(() => {
      for (const { key } of wanted) this.#unuse(key);
    });
  }

  #ask(wanted: readonly Wanted[]): Promise<Lease | Full> {
    const asked: AskedKey[] = [];
    for (const { key, limit, of: all } of wanted) {
      if (limit === undefined) continue;
      const credit = this.#credits.get(key);
      let offered = 0;
      if (credit !== undefined) {
        this.#claim(key, credit);
        // Permits of another limit may be too many.
        if (credit.limit !== limit) this.#give(key, credit, free(credit));
        else if (free(credit) > 0) offered = this.#release(key, credit, 1);
      }
      asked.push(all === undefined ? [key, limit, offered] : [key, limit, offered, all]);
    }
    const id = ++this.#lastId;
    this.#send({ ask: id, wanted: asked });
    return new Promise((resolve, reject) => this.#waiting.set(id, { wanted, resolve, reject }));
  }

  #claim(key: string, credit: Credit): void {
    const count = credit.used - credit.held;
    if (count <= 0) return;
    this.#hold(credit, count);
    const { of: all } = credit;
    this.#send(all === undefined ? { claim: key, count } : { claim: key, count, of: all });
  }

  #use(credit: Credit): void {
    if (isIdle(credit)) this.#idle--;
    credit.used++;
    credit.leastFree = Math.min(credit.leastFree, free(credit));
  }

  #unuse(key: string): void {
    const credit = this.#credit(key);
    credit.used--;
    if (isIdle(credit)) this.#idle++;
    if (credit.isTight || (credit.used === 0 && this.#idle > MAX_IDLE)) {
      this.#give(key, credit, free(credit));
    }
    this.#forgetUnused(key, credit);
  }

  #hold(credit: Credit, count: number): void {
    const wasIdle = isIdle(credit);
    credit.held += count;
    if (!wasIdle && isIdle(credit)) this.#idle++;
  }

  #give(key: string, credit: Credit, wanted: number): void {
    const count = this.#release(key, credit, wanted);
    if (count > 0) this.#send({ give: key, count });
  }

  /** @returns how many permits are the primary process's again as soon as it is told. */
  #release(key: string, credit: Credit, wanted: number): number {
    const count = Math.max(0, wanted);
    const wasIdle = isIdle(credit);
    credit.held -= count;
    if (wasIdle && !isIdle(credit)) this.#idle--;
    credit.leastFree = Math.min(credit.leastFree, free(credit));
    this.#forgetUnused(key, credit);
    return count;
  }

  #credit(key: string): Credit {
    let credit = this.#credits.get(key);
    if (credit === undefined) {
      credit = {
        used: 0,
        held: 0,
        limit: undefined,
        isTight: false,
        leastFree: Number.POSITIVE_INFINITY,
        of: undefined,
      };
      this.#credits.set(key, credit);
    }
    return credit;
  }

  #forgetUnused(key: string, { used, held }: Credit): void {
    if (used === 0 && held === 0) this.#credits.delete(key);
  }

  #send(message: CountMessage): void {
    if (this.#isAlone) return;
    if (this.#outgoing.length === 0) setImmediate(() => this.flush());
    this.#outgoing.push(message);
  }
}

/** Permits that are not used. */
function free({ held, used }: Credit): number {
  return held - used;
}

function isIdle({ held, used }: Credit): boolean {
  return used === 0 && held > 0;
}
