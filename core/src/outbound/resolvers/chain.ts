import { withDeadline } from '../../base/awaitable.js';
import { Cancellation } from '../../base/cancellation.js';
import { monotonic } from '../../base/clock.js';
import { codeOf, systemMessage } from '../../base/errors.js';
import { parseIP } from '../../protocol/ip.js';
import { FairQueue } from '../fairqueue.js';
import {
  type Lookup,
  LookupError,
  type NameAnswer,
  type NameQuestion,
  type NameResolver,
} from '../lookup.js';
import { failure } from '../nameentry.js';
import type { Family } from '../prefer.js';
import type { NameSource } from '../systemnames.js';

/** How many names are looked up at once. */
const LOOKUPS = 128;
/** How long one resolver has to answer, ms. */
const MEMBER_TIME = 10_000;
/** After how many failures in a row a resolver is asked last, and for how long, ms. */
const MAX_FAILURES = 2;
const REST_TIME = 30_000;
/** How many addresses of a name are taken. */
const MAX_ADDRESSES = 64;

/** One of several resolvers. */
export interface ChainMember {
  /** How messages call it. */
  readonly name: string;
  readonly resolver: NameResolver;
}

/** A member, and how it has done of late. */
class Member {
  readonly name: string;
  readonly resolver: NameResolver;
  #failures = 0;
  #restsUntil = Number.NEGATIVE_INFINITY;

  constructor({ name, resolver }: ChainMember) {
    this.name = name;
    this.resolver = resolver;
  }

  get rests(): boolean {
    return monotonic() < this.#restsUntil;
  }

  /** Notes whether it has answered, be it that it does not know. */
  note(answered: boolean): void {
    this.#failures = answered ? 0 : this.#failures + 1;
    const rests = this.#failures >= MAX_FAILURES;
    this.#restsUntil = rests ? monotonic() + REST_TIME : Number.NEGATIVE_INFINITY;
  }
}

/** A question whose signal is made when somebody wants it. */
class Question implements NameQuestion {
  readonly name: string;
  readonly family: Family | undefined;
  readonly client: string;
  readonly cancellation = new Cancellation();
  #signal: AbortSignal | undefined;

  constructor(name: string, family: Family | undefined, client: string) {
    this.name = name;
    this.family = family;
    this.client = client;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.cancellation.toSignal();
    return this.#signal;
  }
}

/**
 * Resolvers that are asked in their order until one knows whether there is such a name. One that
 * has not answered twice in a row is asked after all others for a while.
 */
export class ResolverChain implements NameSource {
  readonly #members: readonly Member[];
  readonly #queue = new FairQueue(LOOKUPS);

  /** @param members at least one. */
  constructor(members: readonly ChainMember[]) {
    this.#members = members.map((member) => new Member(member));
  }

  queueFor(): FairQueue {
    return this.#queue;
  }

  lookup(name: string, family: Family | undefined, client: string): Lookup {
    const question = new Question(name, family, client);
    const cancel = () => {
      question.cancellation.cancel();
      return true;
    };
    return { answer: this.#ask(question), cancel };
  }

  dispose(): void {
    for (const { resolver } of this.#members) resolver.dispose?.();
  }

  async #ask(question: Question): Promise<NameAnswer> {
    const troubles: string[] = [];
    const resting = this.#members.filter(({ rests }) => rests);
    const order = [...this.#members.filter((member) => !resting.includes(member)), ...resting];
    for (const member of order) {
      try {
        const answer = await askOne(member, question);
        member.note(true);
        return { ...answer, by: member.name };
      } catch (error) {
        if (question.cancellation.cancelled) throw failure('ECANCELED');
        member.note(error instanceof LookupError);
        const why = error instanceof LookupError ? error.detail : undefined;
        troubles.push(`${member.name}: ${why ?? systemMessage(error)}`);
      }
    }
    throw new LookupError('EAI_AGAIN', troubles.join('; '));
  }
}

/** Asks one resolver. It may be written without types: what is no address is left out. */
async function askOne({ resolver }: Member, question: Question): Promise<NameAnswer> {
  const asked = new Question(question.name, question.family, question.client);
  const cancel = () => asked.cancellation.cancel();
  question.cancellation.on(cancel);
  const givenUp = new Promise<never>((_, reject) => {
    asked.cancellation.on(() => reject(failure('ECANCELED')));
  });
  const late = () => {
    cancel();
    return new Error(`no answer in ${MEMBER_TIME / 1000} s`);
  };
  try {
    const answering = (async () => resolver.lookup(asked))();
    const answer = await withDeadline(Promise.race([answering, givenUp]), MEMBER_TIME, late);
    const { addresses, ttl } = answer;
    const usable = addresses.filter((address) => parseIP(address) !== undefined);
    return { addresses: usable.slice(0, MAX_ADDRESSES), ttl: ttl > 0 ? ttl : 0 };
  } catch (error) {
    if (codeOf(error) === 'ENOTFOUND') return { addresses: [], ttl: 0 };
    throw error;
  } finally {
    question.cancellation.off(cancel);
  }
}
