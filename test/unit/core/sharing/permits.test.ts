import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isFull, type Lease, type Wanted } from '#core/limits/counts.js';
import { Credits } from '#core/sharing/credits.js';
import type { CountMessage, ToWorker } from '#core/sharing/messages.js';
import { Permits } from '#core/sharing/permits.js';

type PermitsMessage = Extract<ToWorker, { readonly type: 'permits' }>;

/** A lease, and what it was taken for. */
interface Taken {
  readonly keys: readonly string[];
  readonly lease: Lease;
}

/** A worker without a process: what it tells and is told waits until it is delivered. */
class FakeWorker {
  readonly up: (readonly CountMessage[])[] = [];
  readonly down: PermitsMessage[] = [];
  readonly credits = new Credits((messages) => this.#tell(messages));
  readonly taken: Taken[] = [];
  readonly refused: string[] = [];
  waiting = 0;
  messages = 0;
  /** Permits by key, as the messages say. */
  readonly #held = new Map<string, number>();

  take(wanted: readonly Wanted[]): void {
    const keys = wanted.map(({ key }) => key);
    const settle = (result: Awaited<ReturnType<Credits['take']>>) => {
      if (isFull(result)) this.refused.push(result.full);
      else this.taken.push({ keys, lease: result });
    };
    const result = this.credits.take(wanted);
    if (result instanceof Promise) {
      this.waiting++;
      result.then((answer) => {
        this.waiting--;
        settle(answer);
      }, assert.fail);
    } else settle(result);
    this.credits.flush();
  }

  give(index: number): void {
    this.taken.splice(index % (this.taken.length || 1), 1)[0]?.lease.dispose();
    this.credits.flush();
  }

  tick(): void {
    this.credits.returnUnused();
    this.credits.flush();
  }

  async deliver(message: PermitsMessage): Promise<void> {
    for (const [key, count] of message.grants) this.#change(key, count);
    this.credits.handle(message);
    this.credits.flush();
    // Whoever asked has the answer a few turns of the microtask queue later.
    for (let i = 0; i < 5; i++) await undefined;
  }

  used(key: string): number {
    return this.taken.filter(({ keys }) => keys.includes(key)).length;
  }

  /** Permits that it could hand out without asking. */
  free(key: string): number {
    return (this.#held.get(key) ?? 0) - this.used(key);
  }

  #tell(messages: readonly CountMessage[]): void {
    this.up.push(messages);
    this.messages++;
    for (const message of messages) {
      if ('claim' in message) this.#change(message.claim, message.count);
      else if ('give' in message) this.#change(message.give, -message.count);
      else if ('recalled' in message) this.#change(message.recalled, -message.count);
      else for (const [key, , offered] of message.wanted) this.#change(key, -offered);
    }
  }

  #change(key: string, by: number): void {
    this.#held.set(key, (this.#held.get(key) ?? 0) + by);
  }
}

/** The permits of some workers. */
class World {
  readonly permits = new Permits();
  readonly workers: FakeWorker[] = [];
  /** Called with what a worker is told, when it is. */
  onTold: (message: PermitsMessage) => void = () => {};

  constructor(count: number) {
    for (let number = 0; number < count; number++) this.start(number);
  }

  start(number: number): void {
    const worker = new FakeWorker();
    this.workers[number] = worker;
    this.permits.add(number, (message) => {
      if (message.type !== 'permits') assert.fail(message.type);
      this.onTold(message);
      worker.down.push(message);
    });
  }

  /** A worker dies with what it has and with what is under way. */
  kill(number: number): void {
    this.permits.remove(number);
    this.start(number);
  }

  worker(number: number): FakeWorker {
    return this.workers[number] ?? assert.fail();
  }

  deliverUp(number: number): boolean {
    const messages = this.worker(number).up.shift();
    // As it comes over a channel.
    if (messages !== undefined) this.permits.handle(number, structuredClone(messages));
    return messages !== undefined;
  }

  async deliverDown(number: number): Promise<boolean> {
    const message = this.worker(number).down.shift();
    if (message !== undefined) await this.worker(number).deliver(structuredClone(message));
    return message !== undefined;
  }

  /** Delivers all that is under way. @param numbers to and from these only. */
  async settle(numbers: readonly number[] = [...this.workers.keys()]): Promise<void> {
    for (let busy = true; busy; ) {
      busy = false;
      for (const number of numbers) {
        busy = this.deliverUp(number) || busy;
        busy = (await this.deliverDown(number)) || busy;
      }
    }
  }

  /** Everything is given back, and nothing is left. */
  async end(): Promise<void> {
    await this.settle();
    for (const worker of this.workers) {
      assert.equal(worker.waiting, 0, 'all are answered');
      while (worker.taken.length > 0) worker.give(0);
      worker.tick();
      worker.tick();
    }
    await this.settle();
    for (const { credits } of this.workers) assert.equal(credits.size, 0);
    assert.equal(this.permits.size, 0);
  }
}

const limited = (key: string, limit: number) => [{ key, limit }];

type Step = readonly [action: string, worker: number, what: number];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(
    'take',
    'take',
    'take',
    'give',
    'give',
    'up',
    'up',
    'down',
    'down',
    'tick',
    'kill',
  ),
  fc.nat(2),
  fc.nat(30),
);

/** Does something in a world. @param wantedBy what a worker asks for, by a number. */
async function act(world: World, step: Step, wantedBy: (what: number) => readonly Wanted[]) {
  const [action, number, what] = step;
  const worker = world.worker(number);
  if (action === 'take') worker.take(wantedBy(what));
  else if (action === 'give') worker.give(what);
  else if (action === 'tick') worker.tick();
  else if (action === 'up') world.deliverUp(number);
  else if (action === 'down') await world.deliverDown(number);
  else if (what < 8) world.kill(number);
}

describe('permits of several workers', () => {
  test('who waits for two keys of a worker that dies gets both', async () => {
    const keys = ['a', 'b'].map((key) => ({ key, limit: 3 }));
    const world = new World(2);
    for (let i = 0; i < 3; i++) world.worker(0).take(keys);
    await world.settle();
    world.worker(1).take(keys);
    world.deliverUp(1);
    world.kill(0);
    await world.settle();
    assert.deepEqual([world.worker(1).refused, world.worker(1).taken.length], [[], 1]);
  });

  test('never more than the limit, never a denial while one is unused, and all come back', async () => {
    const limitOf = fc.constantFrom(1, 2, 3, 10, 40);
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 250, size: 'max' }),
      limitOf,
      limitOf,
      async (steps, ...limits) => {
        const keys = ['a', 'b'].map((key, i) => ({ key, limit: limits[i] ?? 0 }));
        const world = new World(3);
        world.onTold = ({ answers }) => {
          for (const [, full] of answers) {
            if (full === null) continue;
            for (const worker of world.workers) assert.equal(worker.free(full), 0, 'an unused one');
          }
        };
        for (const one of steps) {
          await act(world, one, (what) =>
            what % 3 === 0 ? keys : keys.slice(what % 2, (what % 2) + 1),
          );
          for (const { key, limit } of keys) {
            const used = world.workers.reduce((sum, worker) => sum + worker.used(key), 0);
            assert.ok(used <= limit, `${used} of ${limit}`);
            assert.ok(world.permits.held(key) <= limit);
          }
        }
        await world.end();
      },
    );
    await fc.assert(property, { numRuns: 500 });
  });

  test('limits may change, come and go: all are answered, and all come back', async () => {
    const limits = [undefined, 1, 5, 40];
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 250, size: 'max' }),
      async (steps) => {
        const world = new World(3);
        let limit: number | undefined;
        for (const one of steps) {
          const [action, , what] = one;
          if (action === 'tick' && what < 15) {
            limit = limits[what % limits.length];
            for (const { credits } of world.workers) credits.claimAll();
          }
          await act(world, one, () => [
            { key: 'a', limit },
            { key: 'b', limit: undefined },
          ]);
        }
        await world.end();
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  test('what was counted without a limit counts when there is one', async () => {
    const world = new World(2);
    for (let i = 0; i < 3; i++) world.worker(0).take([{ key: 'a', limit: undefined }]);
    assert.equal(world.worker(0).messages, 0, 'nobody is asked');
    for (const { credits } of world.workers) credits.claimAll();
    assert.equal(world.worker(0).messages, 1, 'told before the reload is said to be done');
    await world.settle();
    for (let i = 0; i < 3; i++) world.worker(1).take(limited('a', 4));
    await world.settle();
    assert.deepEqual([world.worker(1).used('a'), world.worker(1).refused], [1, ['a', 'a']]);
    world.worker(0).give(0);
    world.worker(1).take(limited('a', 4));
    await world.settle();
    assert.equal(world.worker(1).used('a'), 2);
    await world.end();
  });

  test('a lower limit holds for those who have permits of a higher one', async () => {
    const world = new World(2);
    for (const worker of world.workers) {
      for (let i = 0; i < 3; i++) worker.take(limited('a', 1000));
    }
    await world.settle();
    for (const worker of world.workers) worker.take(limited('a', 7));
    await world.settle();
    assert.equal(world.worker(0).used('a') + world.worker(1).used('a'), 7);
    await world.end();
  });

  test('what is on its way back is waited for', async () => {
    const world = new World(2);
    const [one, other] = [world.worker(0), world.worker(1)];
    for (let i = 0; i < 2; i++) one.take(limited('a', 2));
    await world.settle();
    other.take(limited('a', 2));
    await world.settle();
    assert.deepEqual(other.refused, ['a']);
    one.give(0);
    other.take(limited('a', 2));
    await world.settle([1]);
    assert.equal(other.waiting, 1);
    await world.settle();
    assert.equal(other.used('a'), 1);
    await world.end();
  });

  test('connections that come and go cost a few messages a second, not some each', async () => {
    const world = new World(2);
    const worker = world.worker(0);
    const wanted = [...limited('all', 16_384), ...limited('address 192.0.2.1', 4096)];
    for (let second = 0; second < 10; second++) {
      for (let i = 0; i < 1000; i++) {
        worker.take(wanted);
        await world.settle();
        if (worker.taken.length > 50) worker.give(i);
      }
      worker.tick();
      await world.settle();
    }
    assert.ok(worker.messages <= 20, `${worker.messages} messages`);
    for (let i = 0; i < 20; i++) {
      worker.take(wanted);
      worker.give(0);
    }
    assert.equal(worker.waiting, 0, 'it answers at once');
    await world.end();
  });

  test('one that does not answer is not waited for: what it has counts as used', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const world = new World(2);
    const [silent, other] = [world.worker(0), world.worker(1)];
    for (let i = 0; i < 3; i++) silent.take(limited('a', 4));
    await world.settle();
    while (silent.taken.length > 0) silent.give(0);
    for (let i = 0; i < 2; i++) other.take(limited('a', 4));
    await world.settle([1]);
    assert.deepEqual([other.used('a'), other.waiting], [1, 1]);
    t.mock.timers.tick(1000);
    await world.settle([1]);
    assert.deepEqual(other.refused, ['a']);
    other.take(limited('a', 4));
    await world.settle([1]);
    assert.equal(other.waiting, 0, 'it is not waited for again');
    await world.settle();
    for (let i = 0; i < 3; i++) other.take(limited('a', 4));
    await world.settle();
    assert.equal(other.used('a'), 4, 'what it returned late');
    await world.end();
  });

  test('keys without number: a flood of addresses is not kept', async () => {
    const world = new World(2);
    const worker = world.worker(0);
    for (let i = 0; i < 3000; i++) {
      worker.take(limited(`address ${i}`, 2));
      await world.settle();
      worker.give(0);
      await world.settle();
    }
    assert.ok(worker.credits.size <= 1000, `${worker.credits.size} keys`);
    assert.ok(world.permits.size <= 1000, `${world.permits.size} keys`);
    await world.end();
  });
});

describe('different keys of one', () => {
  const device = (address: string, limit = 2): Wanted => ({
    key: `device ${address} of user alice`,
    limit,
    of: 'devices of user alice',
  });

  /** Two workers whose messages arrive at once. */
  async function workers() {
    const permits = new Permits();
    const both = [new FakeWorker(), new FakeWorker()] as const;
    for (const [number, worker] of both.entries()) {
      permits.add(number, (message) => {
        if (message.type === 'permits') worker.down.push(message);
      });
    }
    const settle = async () => {
      for (let i = 0; i < 10; i++) {
        for (const [number, worker] of both.entries()) {
          for (const messages of worker.up.splice(0)) permits.handle(number, messages);
          for (const message of worker.down.splice(0)) await worker.deliver(message);
        }
      }
    };
    return { permits, both, settle };
  }

  test('count once for all workers, and are free when the last of them is', async () => {
    const { both, settle, permits } = await workers();
    const [one, two] = both;
    for (const worker of both) {
      worker.take([device('10.0.0.1')]);
      await settle();
    }
    two.take([device('10.0.0.2')]);
    await settle();
    assert.deepEqual([one.taken.length, two.taken.length], [1, 2]);
    one.take([device('10.0.0.3')]);
    await settle();
    assert.deepEqual(one.refused, ['devices of user alice']);
    two.give(0);
    await settle();
    one.take([device('10.0.0.3')]);
    await settle();
    assert.equal(one.refused.length, 2);
    one.give(0);
    await settle();
    one.take([device('10.0.0.3')]);
    await settle();
    assert.equal(one.refused.length, 2);
    assert.equal(one.taken.length, 1);
    permits.remove(1);
    one.take([device('10.0.0.4')]);
    await settle();
    assert.equal(one.refused.length, 2);
  });
});
