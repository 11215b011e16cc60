import { randomBytes } from 'node:crypto';
import type { Lockout, LoginNews } from '../auth/lockout.js';
import { monotonic } from '../base/clock.js';
import { messageOf, UnavailableError } from '../base/errors.js';
import type { Allowances } from '../limits/allowance.js';
import type { Usage } from '../limits/usage.js';
import type { Credits } from './credits.js';
import { Ledger } from './ledger.js';
import { Loads } from './loads.js';
import type { AskedKey, CountMessage } from './messages.js';
import { type News, newsText, parseNews } from './news.js';
import type { Common } from './sharedcounts.js';
import type {
  DoneExchange,
  Heard,
  Pulse,
  PulseAnswer,
  SharedLink,
  SharedState,
  StateExchange,
  WantedKey,
} from './sharedstate.js';

/** How often a replica tells what it has used, and hears of others, at least, ms. */
const PERIOD = 1000;
/** Exchanges at once: what comes meanwhile is gathered for the next. */
const MAX_EXCHANGES = 4;
/** Messages about counts, and names that were used, in one exchange. */
const MAX_MESSAGES = 1000;
const MAX_NAMES = 500;
/** News that wait to be told: the oldest go first. */
const MAX_NEWS = 1000;
/** How soon after another it tells and hears at most, ms. */
const PULSE_GAP = 50;
/** How soon it is asked again where others may have permits that they do not use, ms. */
const ASK_AGAIN = 100;
/** How long it takes until the state is looked for again, at first and at last, ms. */
const FIRST_DELAY = 200;
const LAST_DELAY = 2000;
/** The same of a state that is there, and does not know this replica any more, ms. */
const LOST_DELAY = 20;
/** After so many failures in a row nobody waits for it any more at the start. */
const HOPELESS = 3;
/** How often it is told that the state is away, ms. */
const TELL_INTERVAL = 60_000;

/** The parts of a server that a replica keeps in step with others. */
export interface ReplicaParts {
  readonly allowances: Allowances;
  readonly lockout: Lockout;
  /** Takes what digests of passwords are made with. */
  setKey(key: Uint8Array): void;
  /** Told what all have used. */
  heardUsage(usage: Readonly<Record<string, Usage>>): unknown;
  /** The same for the processes of a machine, which tell each other themselves of logins. */
  readonly origin: string;
  /** Told that the state is away, or back. */
  warn(message: string): unknown;
}

/** How it stands with the shared state. */
export interface SharedStateStatus {
  readonly id: string;
  readonly isThere: boolean;
  /** For so long, ms. */
  readonly since: number;
  /** Why it is away. */
  readonly trouble?: string;
}

/** A process's part of what several replicas have in common. */
export class Replica implements Common {
  readonly state: SharedState;
  readonly #credits: Credits;
  readonly #parts: ReplicaParts;
  readonly #ledger = new Ledger();
  readonly #id = randomBytes(9).toString('base64url');
  readonly #links = new Set<SharedLink>();
  #link: SharedLink | undefined;
  #memberships = 0;
  #member = '';
  /** The membership before, until what it had is given back. */
  #replaced = '';
  #sequence = 0;
  #isThere = false;
  /** Whether it is about to join again a state that is there. */
  #isLost = false;
  #since = monotonic();
  #trouble: string | undefined = 'it was not reached yet';
  #isClosed = false;
  #messages: CountMessage[] = [];
  /** What was asked, by its number, until it is answered for good. */
  readonly #asked = new Map<number, readonly AskedKey[]>();
  readonly #askAgain = new Set<number>();
  readonly #exchanges = new Set<AbortController>();
  #isPulsing = false;
  #wantsPulse = false;
  #pulsedAt = Number.NEGATIVE_INFINITY;
  #pulseTimer: NodeJS.Timeout | undefined;
  #news: string[] = [];
  #heard: Heard = { usage: 0, news: 0 };
  readonly #loads: Loads;
  #clock: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #askTimer: NodeJS.Timeout | undefined;
  #delay = FIRST_DELAY;
  #failures = 0;
  /** When it was told that the state is away, monotonic ms, and whether it is so still. */
  #toldAt = Number.NEGATIVE_INFINITY;
  #isTold = false;
  #onReady: () => void = () => {};
  /** Settled when it knows all that others know, or could not reach the state. */
  readonly ready = new Promise<void>((resolve) => {
    this.#onReady = resolve;
  });

  /** Leaves the lockout as it was. */
  readonly #restore: () => void;

  /** @param credits what is counted: {@link tell} gets what they tell. */
  constructor(state: SharedState, parts: ReplicaParts, credits: Credits) {
    this.state = state;
    this.#parts = parts;
    this.#credits = credits;
    this.#loads = new Loads(parts.allowances);
    const { lockout } = parts;
    const { onNews } = lockout;
    lockout.onNews = (news) => {
      onNews?.(news);
      this.#tellLogin(news);
    };
    lockout.onLift = (lift) => this.#tellNews({ from: parts.origin, lift });
    this.#restore = () => {
      lockout.onNews = onNews;
      lockout.onLift = undefined;
    };
    const period = Math.min(PERIOD, state.lease / 4);
    this.#clock = setInterval(() => this.#tick(), period).unref();
    void this.#join();
  }

  get status(): SharedStateStatus {
    const { id } = this.state;
    const trouble = this.#trouble === undefined ? {} : { trouble: this.#trouble };
    return { id, isThere: this.#isThere, since: monotonic() - this.#since, ...trouble };
  }

  get refusal(): UnavailableError | undefined {
    if (this.#isThere || this.#isLost || this.state.whenAway !== 'refuse') return undefined;
    const { id } = this.state;
    return new UnavailableError(`the shared state "${id}" is away, and nobody is served meanwhile`);
  }

  /** Tells what is still untold, gives all back, and ends. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    clearInterval(this.#clock);
    clearTimeout(this.#again);
    clearTimeout(this.#askTimer);
    clearTimeout(this.#pulseTimer);
    this.#restore();
    if (this.#isThere) {
      this.#takeFresh();
      let rest = this.#ledger.untold(MAX_NAMES);
      while (rest.length === MAX_NAMES && this.#isThere) {
        await this.#exchange({ pulse: { used: rest, loads: [], news: [], heard: this.#heard } });
        rest = this.#ledger.untold(MAX_NAMES);
      }
      const pulse: Pulse = { used: rest, loads: [], news: this.#news, heard: this.#heard };
      if (this.#isThere) await this.#exchange({ pulse, isLast: true });
    }
    this.#isClosed = true;
    this.#goAway();
    await Promise.all([...this.#links].map(async (link) => link.dispose()));
  }

  #tellLogin(news: LoginNews): void {
    // Which passwords are right is nothing for elsewhere, not even as a digest.
    const { secret, digest, ...bare } = news;
    const told = secret === undefined && digest !== undefined ? { ...bare, digest } : bare;
    this.#tellNews({ from: this.#parts.origin, login: told });
  }

  #tellNews(news: News): void {
    const text = newsText(news);
    if (text === undefined) return;
    this.#news.push(text);
    if (this.#news.length > MAX_NEWS) this.#news.shift();
    this.#pulse();
  }

  async #join(): Promise<void> {
    const formerly = this.#member;
    this.#replaced = formerly;
    this.#member = `${this.#id}.${++this.#memberships}`;
    this.#sequence = 0;
    try {
      this.#link ??= await this.#open();
    } catch (error) {
      this.#fail(error);
      return;
    }
    const joined = await this.#exchange(formerly === '' ? {} : { formerly });
    if (joined === undefined || this.#isClosed) return;
    this.#begin(joined);
  }

  async #open(): Promise<SharedLink> {
    const link = await this.state.join(() => this.#pulse());
    this.#links.add(link);
    return link;
  }

  #begin({ epoch, key, time }: DoneExchange): void {
    const { allowances, setKey } = this.#parts;
    this.#setClock(time);
    setKey(Buffer.from(key, 'base64'));
    this.#takeFresh();
    this.#ledger.begin(epoch, allowances.usage(), allowances.now());
    this.#heard = { usage: 0, news: this.#heard.news };
    this.#loads.clear();
    if (this.#isTold) {
      const seconds = Math.round((monotonic() - this.#since) / 1000);
      this.#parts.warn(`the shared state "${this.state.id}" is back after ${seconds} s`);
    }
    this.#isTold = false;
    this.#isThere = true;
    this.#isLost = false;
    this.#since = monotonic();
    this.#trouble = undefined;
    this.#delay = FIRST_DELAY;
    this.#failures = 0;
    allowances.authority = 'replicas';
    this.#credits.joinAgain();
    this.#pulse();
  }

  /** The state is not reached, or does not know this replica: limits are its own until it is back. */
  #fail(error: unknown): void {
    if (++this.#failures >= HOPELESS) this.#onReady();
    if (this.#isClosed) return;
    const wasThere = this.#isThere;
    this.#isLost = error instanceof Lost;
    this.#goAway();
    const now = monotonic();
    if (wasThere || this.#trouble === undefined) this.#since = now;
    this.#trouble = messageOf(error);
    if (!this.#isLost && now - this.#toldAt >= TELL_INTERVAL) {
      this.#toldAt = now;
      this.#isTold = true;
      const meanwhile =
        this.state.whenAway === 'refuse'
          ? 'nobody is served until it is back'
          : 'limits are those of this server alone until it is back';
      this.#parts.warn(
        `the shared state "${this.state.id}" is away: ${this.#trouble}; ${meanwhile}`,
      );
    }
    clearTimeout(this.#again);
    const delay = this.#isLost ? LOST_DELAY : this.#delay * (0.5 + Math.random());
    this.#again = setTimeout(() => void this.#join(), delay).unref();
    this.#delay = Math.min(LAST_DELAY, 2 * this.#delay);
  }

  #goAway(): void {
    this.#isThere = false;
    // What is on its way comes to nothing, but where the state is there it is answered.
    if (!this.#isLost) for (const exchange of this.#exchanges) exchange.abort();
    this.#exchanges.clear();
    this.#messages = [];
    this.#asked.clear();
    this.#askAgain.clear();
    this.#isPulsing = false;
    this.#wantsPulse = false;
    this.#credits.goAlone(this.refusal);
    this.#parts.allowances.authority = 'processes';
  }

  #tick(): void {
    if (!this.#isThere) return;
    this.#credits.returnUnused();
    this.#pulse();
  }

  /** Takes what the credits have to tell, and sends it. */
  tell(messages: readonly CountMessage[]): void {
    if (!this.#isThere) return;
    for (const message of messages) this.#messages.push(message);
    this.#flush();
  }

  #flush(): void {
    while (this.#messages.length > 0 && this.#exchanges.size < MAX_EXCHANGES) {
      void this.#exchange({});
    }
  }

  /** Tells and hears all that there is, now or as soon as that is over which goes on. */
  #pulse(): void {
    if (!this.#isThere || this.#isClosed) return;
    if (this.#isPulsing) {
      this.#wantsPulse = true;
      return;
    }
    const wait = this.#pulsedAt + PULSE_GAP - monotonic();
    if (wait <= 0) void this.#pulseOnce();
    else this.#pulseTimer ??= setTimeout(() => this.#pulseLater(), wait).unref();
  }

  #pulseLater(): void {
    this.#pulseTimer = undefined;
    this.#pulse();
  }

  async #pulseOnce(): Promise<void> {
    const member = this.#member;
    this.#isPulsing = true;
    this.#pulsedAt = monotonic();
    this.#wantsPulse = false;
    this.#takeFresh();
    const used = this.#ledger.untold(MAX_NAMES);
    const news = this.#news;
    this.#news = [];
    const pulse: Pulse = { used, loads: this.#loads.take(), news, heard: this.#heard };
    const done = await this.#exchange({ pulse });
    if (done === undefined) {
      this.#news = [...news, ...this.#news].slice(-MAX_NEWS);
      return;
    }
    if (member !== this.#member) return;
    this.#isPulsing = false;
    const hasMore = done.pulse?.hasMore || used.length === MAX_NAMES;
    if (hasMore) void this.#pulseOnce();
    else {
      this.#onReady();
      if (this.#wantsPulse) this.#pulse();
    }
  }

  #takeFresh(): void {
    const { allowances } = this.#parts;
    this.#ledger.add(allowances.takeFresh('replicas'), allowances.now());
  }

  /** @returns undefined if it came to nothing, of which is taken care. */
  async #exchange(
    more: Pick<StateExchange, 'formerly' | 'isLast' | 'pulse'>,
  ): Promise<DoneExchange | undefined> {
    const link = this.#link;
    if (link === undefined) return undefined;
    const { lease, timeout } = this.state;
    const member = this.#member;
    const exchange: StateExchange = {
      ...{ member, replica: this.#id, sequence: ++this.#sequence, lease },
      ...this.#takeMessages(),
      ...this.#takeReplaced(),
      ...more,
    };
    const control = new AbortController();
    const timer = setTimeout(
      () => control.abort(new Error(`no answer within ${timeout} ms`)),
      timeout,
    );
    this.#exchanges.add(control);
    try {
      const aborted = new Promise<never>((_, reject) => {
        control.signal.addEventListener('abort', () => reject(control.signal.reason), {
          once: true,
        });
      });
      aborted.catch(() => {});
      const answer = await Promise.race([link.exchange(exchange, control.signal), aborted]);
      // Meanwhile it may have been given up.
      if (member !== this.#member || this.#isClosed) return undefined;
      this.#exchanges.delete(control);
      if (answer.isLost) throw new Lost();
      this.#take(exchange, answer);
      return answer;
    } catch (error) {
      const isOwn = member === this.#member && this.#exchanges.delete(control);
      if (isOwn || member === this.#member) {
        if (this.#isThere || exchange.sequence === 1) this.#fail(error);
      }
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What is to be told of counts, as much as goes into one exchange. */
  #takeMessages(): Pick<StateExchange, 'claims' | 'gives' | 'asks'> {
    const claims: [key: string, count: number, of?: string][] = [];
    const gives: [key: string, count: number][] = [];
    const asks: [id: number, wanted: WantedKey[]][] = [];
    if (!this.#isThere) return { claims, gives, asks };
    for (const message of this.#messages.splice(0, MAX_MESSAGES)) {
      if ('claim' in message) {
        const { claim, count, of: all } = message;
        claims.push(all === undefined ? [claim, count] : [claim, count, all]);
      } else if ('ask' in message) {
        const { ask, wanted } = message;
        for (const [key, , offered] of wanted) if (offered > 0) gives.push([key, offered]);
        this.#asked.set(ask, wanted);
        asks.push([ask, wanted.map(wantedKey)]);
      } else {
        const key = 'give' in message ? message.give : message.recalled;
        if (message.count > 0) gives.push([key, message.count]);
      }
    }
    return { claims, gives, asks };
  }

  /** The membership before, once all is claimed that this one has: so no limit is lost meanwhile. */
  #takeReplaced(): Pick<StateExchange, 'replaces'> {
    const replaces = this.#replaced;
    if (replaces === '' || !this.#isThere) return {};
    if (this.#messages.some((message) => 'claim' in message)) return {};
    this.#replaced = '';
    return { replaces };
  }

  #take({ pulse }: StateExchange, answer: DoneExchange): void {
    this.#setClock(answer.time);
    const answers: [id: number, full: string | null][] = [];
    for (const [id, full, isFinal] of answer.answers) {
      if (!this.#asked.has(id)) continue;
      if (full !== null && !isFinal) {
        this.#askAgain.add(id);
        continue;
      }
      this.#asked.delete(id);
      answers.push([id, full]);
    }
    const { grants, recalls } = answer;
    this.#credits.handle({ type: 'permits', grants, answers, recalls });
    if (this.#askAgain.size > 0) {
      this.#askTimer ??= setTimeout(() => this.#sendAgain(), ASK_AGAIN).unref();
    }
    if (pulse !== undefined && answer.pulse !== undefined) this.#takePulse(pulse, answer.pulse);
    this.#flush();
  }

  #sendAgain(): void {
    this.#askTimer = undefined;
    const again = [...this.#askAgain];
    this.#askAgain.clear();
    this.tell(
      again.map((ask) => {
        const asked = this.#asked.get(ask) ?? [];
        // What was offered with the first question has come back already.
        const wanted = asked.map(([key, limit, , all]): AskedKey => {
          return all === undefined ? [key, limit, 0] : [key, limit, 0, all];
        });
        return { ask, wanted };
      }),
    );
  }

  #takePulse({ used }: Pulse, { usage, parts, news, heard }: PulseAnswer): void {
    const { allowances, lockout, origin, heardUsage } = this.#parts;
    this.#ledger.settle(used);
    const all = this.#ledger.hear(usage);
    if (usage.length > 0) {
      allowances.updateUsage(all, 'replicas');
      heardUsage(all);
    }
    for (const [name, part] of parts) allowances.setPart(name, part, 'replicas');
    for (const [age, text] of news) {
      const one = parseNews(text);
      if (one === undefined || one.from === origin) continue;
      if ('lift' in one) lockout.hearLift(one.lift);
      else lockout.hear(one.login, age);
    }
    this.#heard = heard;
  }

  #setClock(time: number): void {
    this.#parts.allowances.clockAhead = time - Date.now();
  }
}

/** The state does not know the membership any more: it joins again at once. */
class Lost extends Error {
  constructor() {
    super('it does not know this server any more');
  }
}

function wantedKey([key, limit, , all]: AskedKey): WantedKey {
  return all === undefined ? [key, limit] : [key, limit, all];
}
