import type {
  DoneExchange,
  PulseAnswer,
  SharedLink,
  SharedState,
  StateAnswer,
} from '../../sharing/sharedstate.js';
import { view } from '../views.js';
import { demandMethod, methodOf, type Owner, thenTake } from './owner.js';

/** A shared state of an extension: what it is told are copies, and what it answers is checked. */
export function stateSlot(id: string, item: object, owner: Owner): SharedState {
  const join = demandMethod(item, 'join', owner);
  const whenAway: unknown = Reflect.get(item, 'whenAway') ?? 'local';
  if (whenAway !== 'local' && whenAway !== 'refuse') {
    throw owner.wrong('its whenAway is neither "local" nor "refuse"');
  }
  return {
    id,
    whenAway,
    lease: spanOf('lease', item, owner, 1000, 3_600_000),
    timeout: spanOf('timeout', item, owner, 50, 4000),
    join(wake) {
      const joined = guard(owner, () => join(() => owner.outside(wake)));
      return thenTake(joined, owner, (link) => {
        if (typeof link === 'object' && link !== null) return linkSlot(link, owner);
        throw new Error(`joining the shared state "${id}" gave a ${typeof link}`);
      });
    },
  };
}

function spanOf(name: string, item: object, owner: Owner, least: number, most: number): number {
  const value: unknown = Reflect.get(item, name);
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw owner.wrong(`its ${name} is no number of ms from ${least} to ${most}`);
}

function linkSlot(link: object, owner: Owner): SharedLink {
  const exchange = demandMethod(link, 'exchange', owner);
  const dispose = methodOf(link, 'dispose', owner);
  return {
    async exchange(asked, signal) {
      try {
        return await thenTake(exchange(view(asked), signal), owner, answerOf);
      } catch (error) {
        throw new Error(owner.words(error instanceof Error ? error.message : error));
      }
    },
    async dispose() {
      try {
        if (!owner.isOff) await dispose?.();
      } catch (error) {
        owner.failed('leaving a shared state', error);
      }
    },
  };
}

/** @throws its error, in words without secrets. */
function guard<T>(owner: Owner, code: () => T): T {
  try {
    return code();
  } catch (error) {
    throw owner.mistake(error);
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isKey = (value: unknown) => value === null || isText(value);

/** Whether a value is a list of tuples, or of texts. */
function isListOf(value: unknown, ...tests: readonly ((item: unknown) => boolean)[]): boolean {
  const fits = (one: unknown) =>
    Array.isArray(one) &&
    one.length === tests.length &&
    tests.every((test, i) => test(one[i] as unknown));
  return Array.isArray(value) && value.every(fits);
}

/** @throws if it is none. */
function answerOf(given: unknown): StateAnswer {
  const answer = (given ?? {}) as Partial<Record<keyof DoneExchange, unknown>>;
  if (answer.isLost === true) return { isLost: true };
  const { time, epoch, key, grants, answers, recalls, pulse } = answer;
  const isRight =
    answer.isLost === false &&
    isCount(time) &&
    isText(epoch) &&
    isText(key) &&
    isListOf(grants, isText, isCount, isCount, isFlag) &&
    isListOf(answers, isCount, isKey, isFlag) &&
    Array.isArray(recalls) &&
    recalls.every(isText) &&
    (pulse === undefined || isPulse(pulse));
  if (!isRight) throw new Error('it gave no answer to an exchange');
  return structuredClone({
    isLost: false,
    time,
    epoch,
    key,
    grants,
    answers,
    recalls,
    pulse,
  }) as DoneExchange;
}

function isPulse(given: unknown): given is PulseAnswer {
  const pulse = (given ?? {}) as Partial<Record<keyof PulseAnswer, unknown>>;
  const { usage, parts, news, heard, hasMore } = pulse;
  const { usage: usages, news: all } = (heard ?? {}) as Partial<Record<string, unknown>>;
  const isUsage = (one: unknown) => {
    const { name, day, dayBytes, monthBytes } = (one ?? {}) as Partial<Record<string, unknown>>;
    return isText(name) && isText(day) && isCount(dayBytes) && isCount(monthBytes);
  };
  const isPart = (part: unknown) => isCount(part) && part > 0 && part <= 1;
  return (
    Array.isArray(usage) &&
    usage.every(isUsage) &&
    isListOf(parts, isText, isPart) &&
    isListOf(news, isCount, isText) &&
    isCount(usages) &&
    isCount(all) &&
    isFlag(hasMore)
  );
}
