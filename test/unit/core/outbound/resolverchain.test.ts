import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Cancellation } from '#core/base/cancellation.js';
import { KnownHosts } from '#core/outbound/hosts.js';
import { LookupError, type NameAnswer, type NameQuestion } from '#core/outbound/lookup.js';
import { Resolver } from '#core/outbound/resolve.js';
import { ResolverChain } from '#core/outbound/resolvers/chain.js';
import { manualClock } from '../../../support/clock.js';
import { temporaryFile } from '../../../support/files.js';

const V4 = '192.0.2.1';
const time = (t: TestContext) => manualClock(t, ['setTimeout']);
const service = { get: () => ({ hostsFirst: false, dns: undefined }) };
type Answer = NameAnswer | Error | Promise<NameAnswer>;

/** A resolver that answers as it is told, and what it was asked. */
class Fake {
  readonly name: string;
  readonly questions: NameQuestion[] = [];
  disposed = 0;
  answer: (question: NameQuestion) => Answer = () => ({ addresses: [V4], ttl: 60_000 });
  readonly resolver = {
    lookup: async (question: NameQuestion) => {
      this.questions.push(question);
      const answer = await this.answer(question);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    dispose: () => {
      this.disposed++;
    },
  };

  constructor(name: string, answer?: (question: NameQuestion) => Answer) {
    this.name = name;
    if (answer !== undefined) this.answer = answer;
  }

  get asked(): string[] {
    return this.questions.map(({ name }) => name);
  }
}

/** A resolver of names that asks some in their order. */
function chainOf(...fakes: Fake[]): Resolver {
  return new Resolver(service, { find: () => undefined }, new ResolverChain(fakes));
}

const silent = () => new Promise<NameAnswer>(() => {});
const noAnswer = () => new Error('no answer in 4 s');
const none = (ttl: number): NameAnswer => ({ addresses: [], ttl });

describe('several resolvers', () => {
  test('the first one is asked, and nobody else', async () => {
    const [one, two] = [new Fake('one'), new Fake('two')];
    const resolver = chainOf(one, two);
    assert.deepEqual(await resolver.resolve('A.example'), [V4]);
    assert.deepEqual([one.asked, two.asked], [['a.example'], []]);
    assert.equal(resolver.answeredBy('a.example'), 'one');
    assert.equal(resolver.answeredBy('b.example'), undefined);
  });

  test('the next one is asked where one fails, whatever the failure', async () => {
    for (const trouble of [noAnswer(), new LookupError('EAI_AGAIN', 'server failure')]) {
      const [one, two] = [new Fake('one', () => trouble), new Fake('two')];
      const resolver = chainOf(one, two);
      assert.deepEqual(await resolver.resolve('a.example'), [V4]);
      assert.equal(resolver.answeredBy('a.example'), 'two');
    }
  });

  test('that there is no such name is an answer', async () => {
    for (const answer of [none(0), Object.assign(new Error('no'), { code: 'ENOTFOUND' })]) {
      const [one, two] = [new Fake('one', () => answer), new Fake('two')];
      await assert.rejects(chainOf(one, two).resolve('a.example'), { code: 'ENOTFOUND' });
      assert.deepEqual(two.asked, []);
    }
  });

  test('where all fail, one sentence says why', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 192.0.2.1:853'), {
      code: 'ECONNREFUSED',
      errno: -111,
    });
    const resolver = chainOf(new Fake('one', noAnswer), new Fake('two', () => refused));
    await assert.rejects(resolver.resolve('a.example'), {
      code: 'EAI_AGAIN',
      message:
        process.platform === 'linux'
          ? 'the name cannot be resolved now: one: no answer in 4 s; two: connection refused'
          : /^the name cannot be resolved now: one: no answer in 4 s; two: /,
    });
  });

  test('one that never answers is given up after ten seconds', async (t) => {
    const clock = time(t);
    const [one, two] = [new Fake('one', silent), new Fake('two')];
    const found = chainOf(one, two).resolve('a.example');
    await new Promise(setImmediate);
    clock.pass(10_000);
    assert.deepEqual(await found, [V4]);
    assert.equal(one.questions[0]?.cancellation.cancelled, true);
    assert.equal(one.questions[0]?.signal.aborted, true);
  });

  test('one that has failed twice in a row comes last for half a minute', async (t) => {
    const clock = time(t);
    const [one, two] = [new Fake('one', noAnswer), new Fake('two')];
    const resolver = chainOf(one, two);
    for (let i = 0; i < 5; i++) await resolver.resolve(`n${i}.example`);
    assert.deepEqual(one.asked, ['n0.example', 'n1.example']);
    two.answer = noAnswer;
    await assert.rejects(resolver.resolve('m0.example'), { code: 'EAI_AGAIN' });
    assert.equal(one.asked.at(-1), 'm0.example', 'rather than nobody');
    two.answer = () => none(0);
    one.answer = () => ({ addresses: ['192.0.2.2'], ttl: 1000 });
    clock.pass(30_000);
    assert.deepEqual(await resolver.resolve('m1.example'), ['192.0.2.2']);
  });

  test('one that says that it does not know goes on to be the first', async () => {
    const failing = () => new LookupError('EAI_AGAIN', 'server failure');
    const [one, two] = [new Fake('one', failing), new Fake('two')];
    const resolver = chainOf(one, two);
    for (let i = 0; i < 5; i++) await resolver.resolve(`n${i}.example`);
    assert.equal(one.asked.length, 5);
  });

  test('what is no answer is a failure, and what is no address is left out', async () => {
    const bad = new Fake('bad', () => undefined as unknown as NameAnswer);
    const odd = new Fake('odd', () => ({ addresses: ['a.example', V4], ttl: Number.NaN }));
    assert.deepEqual(await chainOf(bad, odd).resolve('a.example'), [V4]);
  });

  test('nobody is asked any more when nobody waits', async () => {
    const [one, two] = [new Fake('one', silent), new Fake('two')];
    const resolver = chainOf(one, two);
    const cancellation = new Cancellation();
    const found = resolver.resolve('a.example', { cancellation });
    await new Promise(setImmediate);
    cancellation.cancel();
    await assert.rejects(found, { code: 'ECANCELED' });
    await new Promise(setImmediate);
    assert.equal(one.questions[0]?.cancellation.cancelled, true);
    assert.deepEqual(two.asked, []);
  });

  test('all are disposed together', () => {
    const [one, two] = [new Fake('one'), new Fake('two')];
    new ResolverChain([one, two]).dispose();
    assert.deepEqual([one.disposed, two.disposed], [1, 1]);
  });
});

describe('what a resolver says holds as long as it says', () => {
  test('addresses', async (t) => {
    const clock = time(t);
    const one = new Fake('one', () => ({ addresses: [V4], ttl: 60_000 }));
    const resolver = chainOf(one);
    await Promise.all([resolver.resolve('a.example'), resolver.resolve('a.example')]);
    clock.pass(59_999);
    await resolver.resolve('a.example');
    assert.equal(one.asked.length, 1);
    clock.pass(1);
    one.answer = () => ({ addresses: ['192.0.2.2'], ttl: 1000 });
    assert.deepEqual(await resolver.resolve('a.example'), ['192.0.2.2']);
    clock.pass(1000);
    await resolver.resolve('a.example');
    assert.equal(one.asked.length, 3);
  });

  test('that there is no such name', async (t) => {
    const clock = time(t);
    const one = new Fake('one', () => none(30_000));
    const resolver = chainOf(one);
    const again = () => assert.rejects(resolver.resolve('a.example'), { code: 'ENOTFOUND' });
    await again();
    clock.pass(29_999);
    await again();
    assert.equal(one.asked.length, 1);
    clock.pass(1);
    one.answer = () => ({ addresses: [V4], ttl: 0 });
    assert.deepEqual(await resolver.resolve('a.example'), [V4]);
  });

  test('nothing, if it says so: only who asks at the same time has the answer', async (t) => {
    time(t);
    for (const answer of [{ addresses: [V4], ttl: 0 }, none(0), noAnswer()]) {
      const one = new Fake('one', () => answer);
      const resolver = chainOf(one);
      const ask = () => resolver.resolve('a.example').catch(() => []);
      await Promise.all([ask(), ask(), ask()]);
      assert.equal(one.asked.length, 1);
      await ask();
      assert.equal(one.asked.length, 2);
    }
  });

  test('an hour longer, while nobody knows better', async (t) => {
    const clock = time(t);
    const one = new Fake('one', () => ({ addresses: [V4], ttl: 86_400_000 }));
    const resolver = chainOf(one);
    await resolver.resolve('a.example');
    one.answer = noAnswer;
    clock.pass(86_400_000 + 3_599_999);
    assert.deepEqual(await resolver.resolve('a.example'), [V4]);
    clock.pass(1);
    await assert.rejects(resolver.resolve('a.example'), { code: 'EAI_AGAIN' });
  });
});

describe('one family', () => {
  test('is asked for alone, and remembered by itself', async (t) => {
    time(t);
    const all = { addresses: ['2001:db8::1', V4], ttl: 60_000 };
    const one = new Fake('one', () => all);
    const resolver = chainOf(one);
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(await resolver.resolve('a.example', { family: 'ipv4' }), [V4]);
      assert.deepEqual(await resolver.resolve('a.example', { family: 'ipv6' }), ['2001:db8::1']);
      assert.equal((await resolver.resolve('a.example')).length, 2);
    }
    assert.deepEqual(
      one.questions.map(({ family }) => family),
      ['ipv4', 'ipv6', undefined],
    );
  });

  test('that a name does not have is told', async () => {
    const one = new Fake('one', () => ({ addresses: ['::ffff:192.0.2.1'], ttl: 1000 }));
    await assert.rejects(chainOf(one).resolve('a.example', { family: 'ipv6' }), {
      code: 'ENOTFOUND',
      message: 'the name has no IPv6 address',
    });
  });

  test('the list of hosts counts where it has an address of it', async (t) => {
    const one = new Fake('one', () => ({ addresses: ['2001:db8::1'], ttl: 1000 }));
    const hosts = new KnownHosts(temporaryFile(t, `${V4} printer\n127.0.0.1 localhost\n`));
    const resolver = new Resolver(service, hosts, new ResolverChain([one]));
    assert.deepEqual(await resolver.resolve('Printer.'), [V4]);
    assert.deepEqual(await resolver.resolve('printer', { family: 'ipv4' }), [V4]);
    assert.deepEqual(await resolver.resolve('printer', { family: 'ipv6' }), ['2001:db8::1']);
    assert.deepEqual(await resolver.resolve('localhost', { family: 'ipv6' }), ['::1']);
    assert.deepEqual(one.asked, ['printer']);
  });
});
