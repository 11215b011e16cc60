import type { AskedKey, CountMessage, ToWorker } from './messages.js';

/** How many permits a worker is granted at once at most. */
const MAX_BLOCK = 64;
/** What is left is enough for so many such grants to each worker. */
const SHARES_LEFT = 4;

/** How long workers have to return permits that others are short of, ms. */
const RECALL_TIME = 1000;

/**
 * How a worker is told something.
 *
 * @param done called when it is written, or never will be.
 */
export type Tell = (message: ToWorker, done?: () => void) => void;

type ClaimMessage = Extract<CountMessage, { readonly claim: string }>;

/** What one worker has of a key. */
interface Holding {
  /** Permits that were granted and have not come back, used or not. */
  held: number;
  /** Whether it has not said yet what it returns; `overdue`: nobody waits for that any more. */
  recall: 'none' | 'awaited' | 'overdue';
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

/** A worker's question. */
interface Question {
  readonly worker: Worker;
  readonly id: number;
  readonly wanted: readonly AskedKey[];
  /** The key and its round of recalls that have to be over before it is denied. */
  awaits?: { readonly name: string; readonly round: number };
}

/** What is counted under a name. */
interface Key {
  /** Permits that all workers hold. */
  held: number;
  /** How often workers were told to return what they do not use. */
  round: number;
  /** How many of them have not said yet what that is. */
  recalled: number;
  /** In the order in which they are answered. */
  readonly waiting: Question[];
  timer: NodeJS.Timeout | undefined;
  /** What it is one of, and counts as one there while any of its permits is held. */
  of: string | undefined;
}

/**
 * What all workers count, kept by the primary process. There are as many permits of a key as its
 * limit is: a worker holds one for each that it counts, and some ahead, which it hands out without
 * asking. When there is none left for a question, all workers are told to return those that they
 * do not use. It waits for that, so that it is not denied for those that are on their way back,
 * and is denied only if all are used. A worker that was told so returns each permit as soon as it
 * is free, until it is told that there are enough.
 *
 * What a worker was granted is its own until it returns it or ends, whatever becomes of the
 * message that says so.
 */
export class Permits {
  readonly #keys = new Map<string, Key>();
  /** How many different keys are held of what they are one of. */
  readonly #different = new Map<string, number>();
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
    const { holdings } = worker;
    for (const [name, holding] of holdings) {
      this.#endRecall(name, holding, 'none');
      this.#changeHeld(this.#key(name), -holding.held);
    }
    // Who waits for several keys is denied none of them that is free only now.
    for (const name of holdings.keys()) this.#serveWaiting(name, this.#key(name));
    this.#tellAll();
  }

  /** Takes what a worker tells. */
  handle(number: number, messages: readonly CountMessage[]): void {
    const worker = this.#workers.get(number);
    if (worker === undefined) return;
    for (const message of messages) {
      if ('ask' in message) this.#ask({ worker, id: message.ask, wanted: message.wanted });
      else if ('claim' in message) this.#claim(worker, message);
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
    const short = wanted.find((asked) => this.#isShort(worker, asked));
    if (short === undefined) {
      for (const asked of wanted) this.#grant(worker, asked);
    } else if (short[3] === undefined && !this.#isOver(question, short[0])) {
      this.#key(short[0]).waiting.push(question);
      return;
    }
    worker.answers.push([id, short?.[3] ?? short?.[0] ?? null]);
    this.#told.add(worker);
  }

  /** Whether a round of recalls is over that began after a question was put. */
  #isOver(question: Question, name: string): boolean {
    const key = this.#key(name);
    if (question.awaits?.name !== name) {
      question.awaits = { name, round: key.round + 1 };
      if (key.recalled === 0) this.#recall(name, key);
    }
    return key.recalled === 0 && key.round >= question.awaits.round;
  }

  #isShort(worker: Worker, [name, limit, , all]: AskedKey): boolean {
    if (all !== undefined) return this.held(name) === 0 && (this.#different.get(all) ?? 0) >= limit;
    return this.held(name) >= limit && !hasSpare(worker, name, limit);
  }

  /** Grants what was asked for, and some more while many are left. */
  #grant(worker: Worker, [name, limit, , all]: AskedKey): void {
    if (all !== undefined) {
      this.#key(name).of = all;
      this.#hold(worker, name, 1);
      const count = (worker.grants.get(name)?.count ?? 0) + 1;
      // Not loose: who is the last of its key gives it back at once, for another to have its place.
      worker.grants.set(name, { count, limit, isLoose: false });
      return;
    }
    const before = worker.holdings.get(name);
    if (before !== undefined && hasSpare(worker, name, limit)) {
      before.spare--;
      return;
    }
    const left = limit - this.held(name);
    const part = Math.floor(left / (SHARES_LEFT * this.#workers.size));
    const count = Math.max(1, Math.min(MAX_BLOCK, part));
    const { recalled, waiting } = this.#key(name);
    const isLoose = left > count && recalled === 0 && waiting.length === 0;
    this.#hold(worker, name, count).spare += count - 1;
    const granted = (worker.grants.get(name)?.count ?? 0) + count;
    worker.grants.set(name, { count: granted, limit, isLoose });
  }

  #claim(worker: Worker, { claim: name, count, of: all }: ClaimMessage): void {
    if (all !== undefined && this.held(name) === 0) this.#key(name).of = all;
    this.#hold(worker, name, count);
  }

  #hold(worker: Worker, name: string, count: number): Holding {
    const holding = worker.holdings.get(name) ?? { held: 0, recall: 'none', spare: 0 };
    holding.held += count;
    worker.holdings.set(name, holding);
    this.#changeHeld(this.#key(name), count);
    return holding;
  }

  #changeHeld(key: Key, by: number): void {
    const wasHeld = key.held > 0;
    key.held += by;
    const isHeld = key.held > 0;
    if (key.of === undefined || wasHeld === isHeld) return;
    const different = (this.#different.get(key.of) ?? 0) + (isHeld ? 1 : -1);
    if (different > 0) this.#different.set(key.of, different);
    else this.#different.delete(key.of);
  }

  #return(worker: Worker, name: string, count: number): void {
    const holding = worker.holdings.get(name);
    const key = this.#keys.get(name);
    if (holding === undefined || key === undefined) return;
    const returned = Math.min(count, holding.held);
    holding.held -= returned;
    this.#changeHeld(key, -returned);
    if (holding.held === 0 && holding.recall === 'none') worker.holdings.delete(name);
    this.#serveWaiting(name, key);
  }

  /** Has all permits returned that are not used. */
  #recall(name: string, key: Key): void {
    key.round++;
    for (const worker of this.#workers.values()) {
      const holding = worker.holdings.get(name);
      if (holding === undefined || holding.recall !== 'none') continue;
      holding.recall = 'awaited';
      key.recalled++;
      worker.recalls.push(name);
      this.#told.add(worker);
    }
    if (key.recalled === 0) return;
    key.timer ??= setTimeout(() => this.#giveUpRecall(name), RECALL_TIME).unref();
  }

  #takeRecalled(worker: Worker, name: string, count: number): void {
    const holding = worker.holdings.get(name);
    if (holding !== undefined) this.#endRecall(name, holding, 'none');
    this.#return(worker, name, count);
  }

  #endRecall(name: string, holding: Holding, recall: 'none' | 'overdue'): void {
    const key = this.#keys.get(name);
    if (holding.recall === 'awaited' && key !== undefined) key.recalled--;
    holding.recall = recall;
  }

  /** Takes what those workers hold that do not answer for used; what they return comes later. */
  #giveUpRecall(name: string): void {
    const key = this.#keys.get(name);
    if (key === undefined) return;
    for (const { holdings } of this.#workers.values()) {
      const holding = holdings.get(name);
      if (holding?.recall === 'awaited') this.#endRecall(name, holding, 'overdue');
    }
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
      const { worker, wanted, awaits } = head;
      const asked = wanted.find(([other]) => other === name);
      if (asked !== undefined && !worker.isGone && this.#isShort(worker, asked)) {
        if (key.recalled > 0) return;
        if (key.round < (awaits?.round ?? 0)) {
          this.#recall(name, key);
          if (key.recalled > 0) return;
        }
      }
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
      key = { held: 0, round: 0, recalled: 0, waiting: [], timer: undefined, of: undefined };
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
