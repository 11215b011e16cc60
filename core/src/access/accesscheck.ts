import { andThen, isPromiseLike, withDeadline } from '../base/awaitable.js';
import { monotonic } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { type Address, isUnspecified } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';
import type { CommandName } from '../protocol/socks5.js';
import type { AccessPolicy, AccessRequest, ClientContext, Denial, Verdict } from './policy.js';

/** How long a policy has to answer that does not say it, ms. */
const ANSWER_TIME = 5000;
/** How often it is told that a policy fails, ms. */
const TELL_INTERVAL = 60_000;

/** A request to be judged, whose addresses come one by one. */
export type JudgedRequest = Omit<AccessRequest, 'address'>;

type Question = (policy: AccessPolicy) => Verdict;

/**
 * Asks all policies, stage by stage: what serves clients and what explains it ask alike. A policy
 * that fails, does not answer in time, or gives an answer that is none, denies.
 */
export class AccessCheck {
  /** Asked before the others. */
  rules: AccessPolicy | undefined;
  readonly #policies: Iterable<AccessPolicy>;
  readonly #warn: (message: string) => void;
  /** When a policy's failure was told last, monotonic ms. */
  readonly #told = new WeakMap<AccessPolicy, number>();

  /**
   * @param policies asked anew each time.
   * @param warn told of policies that fail.
   */
  constructor(
    policies: Iterable<AccessPolicy>,
    warn: (message: string) => void,
    rules?: AccessPolicy,
  ) {
    this.#policies = policies;
    this.rules = rules;
    this.#warn = warn;
  }

  /** Whether a client may connect. @param client its IP address, 4 or 16 octets. */
  ofClient(client: Uint8Array, listener: string): Verdict {
    return this.#firstDenial((policy) => policy.onConnect?.(client, listener));
  }

  /** Whether a client that has authenticated may make a request, before addresses are known. */
  ofRequest(client: ClientContext, command: CommandName): Verdict {
    const answer = this.#firstDenial((policy) => policy.onAuthenticated?.(client));
    return andThen(
      answer,
      (denial) => denial ?? this.#firstDenial((policy) => policy.onRequest?.(client, command)),
    );
  }

  /** Whether the reply comes before anybody's address is known: each is judged when it is. */
  comesLater(command: CommandName, to: Address): boolean {
    return command === 'associate' || (command === 'bind' && isUnspecified(to));
  }

  /** Whether a request may go to an IP address. */
  ofAddress(request: JudgedRequest, text: string): Verdict {
    const address = parseIP(text);
    if (address === undefined) return { by: `"${text}" is not an IP address` };
    const { client, listener, user, group, command, destination } = request;
    const asked = { client, listener, user, group, command, destination, address };
    return this.#firstDenial((policy) => policy.onAddress?.(asked));
  }

  /** Whether a request may go to the name that it names, whatever its addresses are. */
  ofName(request: JudgedRequest): Verdict {
    const asked = { ...request, address: undefined };
    return this.#firstDenial((policy) => policy.onAddress?.(asked));
  }

  /**
   * Why a request may go where it may go.
   *
   * @param text the IP address; undefined: whatever the name's addresses are.
   */
  async explain(request: JudgedRequest, text: string | undefined): Promise<string> {
    const asked = { ...request, address: text === undefined ? undefined : parseIP(text) };
    const reasons: string[] = [];
    const rules = this.rules === undefined ? [] : [this.rules];
    for (const policy of [...rules, ...this.#policies]) {
      try {
        const answer = Promise.resolve(policy.explain?.(asked));
        const reason = await inTime(policy, answer);
        if (reason !== undefined) reasons.push(reason);
      } catch (error) {
        this.#failed(policy, messageOf(error));
      }
    }
    return reasons.join('; ') || 'nothing refuses it';
  }

  /** Asks all policies in their order, and gives the first denial. */
  #firstDenial(question: Question): Verdict {
    const own = this.rules === undefined ? undefined : this.#answerOf(this.rules, question);
    return andThen(
      own,
      (denial) => denial ?? this.#ask(this.#policies[Symbol.iterator](), question),
    );
  }

  #ask(policies: Iterator<AccessPolicy>, question: Question): Verdict {
    for (let next = policies.next(); next.done !== true; next = policies.next()) {
      const answer = this.#answerOf(next.value, question);
      if (answer instanceof Promise) {
        return answer.then((denial) => denial ?? this.#ask(policies, question));
      }
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  #answerOf(policy: AccessPolicy, question: Question): Verdict {
    try {
      const answer: unknown = question(policy);
      if (answer === undefined) return undefined;
      if (!isPromiseLike(answer)) return this.#denialOf(policy, answer);
      return inTime(policy, answer).then(
        (given) => this.#denialOf(policy, given),
        (error: unknown) => this.#failed(policy, messageOf(error)),
      );
    } catch (error) {
      return this.#failed(policy, messageOf(error));
    }
  }

  /** Policies may be written without types: what is neither a denial nor undefined is a failure. */
  #denialOf(policy: AccessPolicy, answer: unknown): Denial | undefined {
    if (answer === undefined) return undefined;
    if (isDenial(answer)) return answer;
    return this.#failed(policy, 'its answer is neither undefined nor { by: REASON }');
  }

  #failed(policy: AccessPolicy, trouble: string): Denial {
    const by = `the access policy "${policy.id}" failed`;
    const now = monotonic();
    if (now - (this.#told.get(policy) ?? Number.NEGATIVE_INFINITY) >= TELL_INTERVAL) {
      this.#told.set(policy, now);
      this.#warn(`${by}, which denies: ${trouble}`);
    }
    return { by };
  }
}

function inTime<T>(
  { answerTime: time = ANSWER_TIME }: AccessPolicy,
  answer: PromiseLike<T>,
): Promise<T> {
  return withDeadline(answer, time, () => new Error(`no answer within ${time / 1000} s`));
}

function isDenial(answer: unknown): answer is Denial {
  return (
    typeof answer === 'object' && answer !== null && 'by' in answer && typeof answer.by === 'string'
  );
}
