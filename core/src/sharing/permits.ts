import type { AskedKey, CountMessage, ToWorker } from './messages.js';

/** How many permits a worker is granted at once at most. */
const MAX_BLOCK = 64;
/** A worker that is short gets at most this part of what is left, with the others as short. */
const SHARES_LEFT = 4;

/** How long workers have to return permits that others are short of, ms. */
const RECALL_TIME = 1000;

/** How a worker is told something. */
export type Tell = (message: ToWorker) => void;

/** What one worker has of a key. */
interface Holding {
  /** Permits that were granted and have not come back, used or not. */
  held: number;
  /** Whether it may keep permits that it does not use: then they have to be recalled. */
  isLoose: boolean;
  isRecalled: boolean;
  /** Of those that it is granted at this moment: more than it has asked for. */
  spare: number;
}

interface Worker {
  readonly tell: Tell;
  readonly holdings: Map<string, Holding>;
  /** What it is told when all is settled that came with a message. */
  grants: Map<string, { count: number; limit: number; isLoose: boolean }>;
  answers: [id: number, full: string | null][];
  recalls: string[];
  isGone: boolean;
}

/** A worker's question, that waits for permits of others. */
interface Question {
  readonly worker: Worker;
  readonly id: number;
  readonly wanted: readonly AskedKey[];
}

/** What is counted under a name. */
interface Key {
  /** Permits that all workers hold. */
  held: number;
  /** How many workers have not said yet what they return. */
  recalled: number;
  /** In the order in which they are answered. */
  readonly waiting: Question[];
  timer: NodeJS.Timeout | undefined;
}

/**
 * What all workers count, kept by the primary process. There are as many permits of a key as its
 * limit is: a worker holds one for each that it counts, and some ahead, which it hands out without
 * asking. A question for a permit when there is none left recalls those that others do not use,
 * and waits; only when all of them are used it is denied. A worker whose permits were recalled
 * returns each as soon as it is free, until it is told that there are enough.
 *
 * What a worker was granted is its own until it returns it or ends, whatever becomes of the
 * message that says so.
 */
export class Permits {
  readonly #keys = new Map<string, Key>();
  readonly #workers = new Map<number, Worker>();
  /** Those that are to be told something. */
  readonly #told = new Set<Worker>();

  /** @param number of the worker. */
  add(number: number, tell: Tell): void {
    this.#workers.set(number, {
      tell,
      holdings: new Map(),
      grants: new Map(),
      answers: [],
      recalls: [],
      isGone: false,
    });
  }

  /** A worker has ended: all that it held is free. */
  remove(number: number): void {
    const worker = this.#workers.get(number);
    if (worker === undefined) return;
    this.#workers.delete(number);
    this.#told.delete(worker);
    worker.isGone = true;
    for (const [name, holding] of worker.holdings) {
      this.#endRecall(name, holding);
      this.#return(worker, name, holding.held);
    }
    this.#tellAll();
  }

  /** Takes what a worker tells. */
  handle(number: number, messages: readonly CountMessage[]): void {
    const worker = this.#workers.get(number);
    if (worker === undefined) return;
    for (const message of messages) {
      if ('ask' in message) this.#ask({ worker, id: message.ask, wanted: message.wanted });
      else if ('claim' in message) this.#hold(worker, message.claim, message.count, true);
      else if ('give' in message) this.#return(worker, message.give, message.count);
      else this.#takeRecalled(worker, message.recalled, message.count);
    }
    this.#tellAll();
  }

  /** How many permits of a key the workers hold. */
  held(name: string): number {
    return this.#keys.get(name)?.held ?? 0;
  }

  /** How many keys are known. */
  get size(): number {
    return this.#keys.size;
  }

  #ask(question: Question): void {
    const { worker, wanted } = question;
    for (const [name, , offered] of wanted) if (offered > 0) this.#return(worker, name, offered);
    this.#answer(question);
  }

  /** Answers a question, or lets it wait for what is recalled. */
  #answer(question: Question): void {
    const { worker, id, wanted } = question;
    if (worker.isGone) return;
    for (const asked of wanted) {
      if (!this.#isShort(worker, asked)) continue;
      const [name] = asked;
      const key = this.#key(name);
      if (key.recalled > 0 || this.#recall(name, key)) {
        key.waiting.push(question);
        return;
      }
      this.#forgetUnused(name, key);
      worker.answers.push([id, name]);
      this.#told.add(worker);
      return;
    }
    for (const asked of wanted) this.#grant(worker, asked);
    worker.answers.push([id, null]);
    this.#told.add(worker);
  }

  #isShort(worker: Worker, [name, limit]: AskedKey): boolean {
    return this.held(name) >= limit && !hasSpare(worker, name, limit);
  }

  /** Grants what was asked for, and some more while many are left. */
  #grant(worker: Worker, [name, limit]: AskedKey): void {
    const before = worker.holdings.get(name);
    if (before !== undefined && hasSpare(worker, name, limit)) {
      before.spare--;
      return;
    }
    const left = limit - this.held(name);
    const part = Math.floor(left / (SHARES_LEFT * this.#workers.size));
    const count = Math.max(1, Math.min(MAX_BLOCK, part));
    const isLoose = left > count || (before?.isLoose ?? false);
    this.#hold(worker, name, count, isLoose).spare += count - 1;
    const granted = (worker.grants.get(name)?.count ?? 0) + count;
    worker.grants.set(name, { count: granted, limit, isLoose });
  }

  #hold(worker: Worker, name: string, count: number, isLoose: boolean): Holding {
    const holding = worker.holdings.get(name) ?? {
      held: 0,
      isLoose,
      isRecalled: false,
      spare: 0,
    };
    holding.held += count;
    holding.isLoose = isLoose;
    worker.holdings.set(name, holding);
    this.#key(name).held += count;
    return holding;
  }

  #return(worker: Worker, name: string, count: number): void {
    const holding = worker.holdings.get(name);
    const key = this.#keys.get(name);
    if (holding === undefined || key === undefined) return;
    const returned = Math.min(count, holding.held);
    holding.held -= returned;
    key.held -= returned;
    if (holding.held === 0 && !holding.isRecalled) worker.holdings.delete(name);
    this.#serveWaiting(name, key);
  }

  /** Has those permits returned that are not used. @returns false if none can be. */
  #recall(name: string, key: Key): boolean {
    for (const worker of this.#workers.values()) {
      const holding = worker.holdings.get(name);
      if (holding === undefined || !holding.isLoose || holding.isRecalled) continue;
      holding.isRecalled = true;
      holding.isLoose = false;
      key.recalled++;
      worker.recalls.push(name);
      this.#told.add(worker);
    }
    if (key.recalled === 0) return false;
    key.timer ??= setTimeout(() => this.#giveUpRecall(name), RECALL_TIME).unref();
    return true;
  }

  #takeRecalled(worker: Worker, name: string, count: number): void {
    const holding = worker.holdings.get(name);
    if (holding !== undefined) this.#endRecall(name, holding);
    this.#return(worker, name, count);
  }

  #endRecall(name: string, holding: Holding): void {
    const key = this.#keys.get(name);
    if (!holding.isRecalled || key === undefined) return;
    holding.isRecalled = false;
    key.recalled--;
  }

  /** Takes what those workers hold that do not answer for used; what they return comes later. */
  #giveUpRecall(name: string): void {
    const key = this.#keys.get(name);
    for (const { holdings } of this.#workers.values()) {
      const holding = holdings.get(name);
      if (holding !== undefined) this.#endRecall(name, holding);
    }
    if (key === undefined) return;
    this.#serveWaiting(name, key);
    this.#tellAll();
  }

  /** Answers those who wait for a key, as far as it can be told now. */
  #serveWaiting(name: string, key: Key): void {
    if (key.recalled === 0) {
      clearTimeout(key.timer);
      key.timer = undefined;
    }
    for (let [head] = key.waiting; head !== undefined; [head] = key.waiting) {
      const { worker, wanted } = head;
      const asked = wanted.find(([other]) => other === name);
      const isShort = asked !== undefined && !worker.isGone && this.#isShort(worker, asked);
      if (isShort && key.recalled > 0) return;
      key.waiting.shift();
      this.#answer(head);
    }
    this.#forgetUnused(name, key);
  }

  #forgetUnused(name: string, key: Key): void {
    if (key.held > 0 || key.recalled > 0 || key.waiting.length > 0) return;
    clearTimeout(key.timer);
    this.#keys.delete(name);
  }

  #key(name: string): Key {
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = { held: 0, recalled: 0, waiting: [], timer: undefined };
      this.#keys.set(name, key);
    }
    return key;
  }

  #tellAll(): void {
    for (const worker of this.#told) {
      const { tell, grants, answers, recalls, holdings } = worker;
      for (const name of grants.keys()) {
        const holding = holdings.get(name);
        if (holding !== undefined) holding.spare = 0;
      }
      worker.grants = new Map();
      worker.answers = [];
      worker.recalls = [];
      tell({
        type: 'permits',
        grants: Array.from(grants, ([name, { count, limit, isLoose }]) => {
          return [name, count, limit, isLoose] as const;
        }),
        answers,
        recalls,
      });
    }
    this.#told.clear();
  }
}

/** Whether a worker is being granted more of a key than it has asked for. */
function hasSpare({ holdings, grants }: Worker, name: string, limit: number): boolean {
  const spare = holdings.get(name)?.spare ?? 0;
  return spare > 0 && grants.get(name)?.limit === limit;
}
