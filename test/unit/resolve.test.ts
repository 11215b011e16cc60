import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { describe, type TestContext, test } from 'node:test';
import { Resolver } from '#core/net/resolve.js';
import { manualClock } from '../support/clock.js';

type Answer = readonly string[] | NodeJS.ErrnoException;

/** Answers in place of the system's resolver, each when it is told to. @returns who was asked. */
function system(t: TestContext, answer: (name: string) => Answer | Promise<Answer>): string[] {
  const asked: string[] = [];
  const lookup = t.mock.method(dns, 'lookup', async (name: string) => {
    asked.push(name);
    const found = await answer(name);
    if (found instanceof Error) throw found;
    return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  });
  syncBuiltinESMExports();
  t.after(() => {
    lookup.mock.restore();
    syncBuiltinESMExports();
  });
  return asked;
}

const notFound = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
const time = (t: TestContext) => manualClock(t, ['setTimeout']);

describe('Resolver', () => {
  test('an address is its own, in its canonical form, and nobody is asked', async (t) => {
    const asked = system(t, () => ['192.0.2.1']);
    const resolver = new Resolver();
    const cases = [
      ['192.0.2.7', '192.0.2.7'],
      ['0:0::1', '::1'],
      ['::ffff:127.0.0.1', '127.0.0.1'],
      ['fe80::1%eth0', 'fe80::1%eth0'],
    ] as const;
    for (const [host, address] of cases) assert.deepEqual(await resolver.resolve(host), [address]);
    assert.deepEqual(asked, []);
  });

  test('addresses keep their order, in canonical form, each once', async (t) => {
    system(t, () => ['2001:DB8::1', '::ffff:192.0.2.1', '192.0.2.1', '2001:db8:0::1', '192.0.2.0']);
    const found = await new Resolver().resolve('example.com');
    assert.deepEqual(found, ['2001:db8::1', '192.0.2.1', '192.0.2.0']);
  });

  test('the system is asked once at a time, and once in ten seconds', async (t) => {
    const clock = time(t);
    const asked = system(t, () => ['192.0.2.1']);
    const resolver = new Resolver();
    await Promise.all(Array.from({ length: 50 }, () => resolver.resolve('example.com')));
    await resolver.resolve('EXAMPLE.com');
    clock.pass(9_999);
    await resolver.resolve('example.com');
    assert.deepEqual(asked, ['example.com']);
    clock.pass(1);
    await resolver.resolve('example.com');
    await resolver.resolve('www.example.com');
    assert.deepEqual(asked, ['example.com', 'example.com', 'www.example.com']);
  });

  test('the ten seconds begin with the answer', async (t) => {
    const clock = time(t);
    let give: (answer: Answer) => void = () => {};
    const asked = system(
      t,
      () =>
        new Promise((resolve) => {
          give = resolve;
        }),
    );
    const resolver = new Resolver();
    const first = resolver.resolve('slow.example');
    clock.pass(60_000);
    const second = resolver.resolve('slow.example');
    give(['192.0.2.1']);
    assert.deepEqual(await Promise.all([first, second]), [['192.0.2.1'], ['192.0.2.1']]);
    clock.pass(9_999);
    assert.deepEqual(await resolver.resolve('slow.example'), ['192.0.2.1']);
    assert.equal(asked.length, 1);
  });

  test('a failure is for those who wait, and is not remembered', async (t) => {
    const answers: Answer[] = [notFound, ['192.0.2.1']];
    const asked = system(t, () => answers.shift() ?? notFound);
    const resolver = new Resolver();
    const both = [resolver.resolve('example.com'), resolver.resolve('example.com')];
    for (const one of both) await assert.rejects(one, { code: 'ENOTFOUND' });
    assert.deepEqual(await resolver.resolve('example.com'), ['192.0.2.1']);
    assert.equal(asked.length, 2);
  });

  test('who cannot wait longer is told, the others get the answer', async (t) => {
    const clock = time(t);
    let give: (answer: Answer) => void = () => {};
    system(
      t,
      () =>
        new Promise((resolve) => {
          give = resolve;
        }),
    );
    const resolver = new Resolver();
    const hasty = resolver.resolve('slow.example', 100);
    const patient = resolver.resolve('slow.example', 200);
    const endless = resolver.resolve('slow.example');
    clock.pass(100);
    await assert.rejects(hasty, { code: 'ETIMEDOUT' });
    give(['192.0.2.1']);
    assert.deepEqual(await patient, ['192.0.2.1']);
    assert.deepEqual(await endless, ['192.0.2.1']);
  });

  test('a failure after the time is up is nobody’s surprise', async (t) => {
    const clock = time(t);
    let give: (answer: Answer) => void = () => {};
    system(
      t,
      () =>
        new Promise((resolve) => {
          give = resolve;
        }),
    );
    const hasty = new Resolver().resolve('slow.example', 100);
    clock.pass(100);
    await assert.rejects(hasty, { code: 'ETIMEDOUT' });
    give(notFound);
    await new Promise(setImmediate);
  });

  test('remembers no more than 4096 names, the latest', async (t) => {
    time(t);
    const asked = system(t, () => ['192.0.2.1']);
    const resolver = new Resolver();
    for (let i = 0; i <= 4096; i++) await resolver.resolve(`n${i}.example`);
    assert.equal(asked.splice(0).length, 4097);
    await resolver.resolve('n1.example');
    await resolver.resolve('n4096.example');
    assert.deepEqual(asked, []);
    await resolver.resolve('n0.example');
    assert.deepEqual(asked, ['n0.example']);
  });

  test("the system's own resolver", async () => {
    const found = await new Resolver().resolve('localhost', 5000);
    assert.ok(found.length > 0);
    for (const address of found) assert.ok(['127.0.0.1', '::1'].includes(address), address);
  });
});
