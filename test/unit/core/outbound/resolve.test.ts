import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { describe, type TestContext, test } from 'node:test';
import { Cancellation } from '#core/base/cancellation.js';
import { Resolver } from '#core/outbound/resolve.js';
import { manualClock } from '../../../support/clock.js';
import { DnsServer } from '../../../support/dns.js';

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

/** A resolver that asks the system's, and knows no hosts. */
const newResolver = () =>
  new Resolver({ get: () => ({ hostsFirst: true, dns: undefined }) }, { find: () => undefined });

const notFound = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
const time = (t: TestContext) => manualClock(t, ['setTimeout']);

describe('Resolver', () => {
  test('an address is its own, in its canonical form, and nobody is asked', async (t) => {
    const asked = system(t, () => ['192.0.2.1']);
    const resolver = newResolver();
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
    const found = await newResolver().resolve('example.com');
    assert.deepEqual(found, ['2001:db8::1', '192.0.2.1', '192.0.2.0']);
  });

  test('the system is asked once at a time, and once in ten seconds', async (t) => {
    const clock = time(t);
    const asked = system(t, () => ['192.0.2.1']);
    const resolver = newResolver();
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
    const resolver = newResolver();
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
    const resolver = newResolver();
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
    const resolver = newResolver();
    const hasty = resolver.resolve('slow.example', { timeout: 100 });
    const patient = resolver.resolve('slow.example', { timeout: 200 });
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
    const hasty = newResolver().resolve('slow.example', { timeout: 100 });
    clock.pass(100);
    await assert.rejects(hasty, { code: 'ETIMEDOUT' });
    give(notFound);
    await new Promise(setImmediate);
  });

  test('remembers no more than 4096 names, the latest', async (t) => {
    time(t);
    const asked = system(t, () => ['192.0.2.1']);
    const resolver = newResolver();
    for (let i = 0; i <= 4096; i++) await resolver.resolve(`n${i}.example`);
    assert.equal(asked.splice(0).length, 4097);
    await resolver.resolve('n1.example');
    await resolver.resolve('n4096.example');
    assert.deepEqual(asked, []);
    await resolver.resolve('n0.example');
    assert.deepEqual(asked, ['n0.example']);
  });

  test('what getaddrinfo(3) takes for an address is one, and nobody is asked', async (t) => {
    const asked = system(t, () => ['192.0.2.1']);
    for (const host of ['0', '127.1', '0x7f.1', '2130706433', '127.0.0.1.']) {
      const [found = ''] = await newResolver().resolve(host);
      assert.match(found, /^(127\.0\.0\.1|0\.0\.0\.0)$/, host);
    }
    assert.deepEqual(asked, []);
  });

  test('a name of the list of hosts is never asked for, unless the DNS comes first', async (t) => {
    const asked = system(t, () => ['192.0.2.1']);
    const find = (name: string) => (name === 'printer.example' ? ['192.0.2.9'] : undefined);
    for (const hostsFirst of [true, false]) {
      const resolver = new Resolver({ get: () => ({ hostsFirst, dns: undefined }) }, { find });
      const expected = hostsFirst ? '192.0.2.9' : '192.0.2.1';
      assert.deepEqual(await resolver.resolve('Printer.example.'), [expected]);
    }
    assert.deepEqual(asked, ['printer.example.']);
  });

  test("a client's names that nobody answers hold up no other client's", async (t) => {
    system(t, (name) => (name.startsWith('dead') ? new Promise(() => {}) : ['192.0.2.1']));
    const resolver = newResolver();
    const dead = Array.from({ length: 300 }, (_, i) =>
      resolver.resolve(`dead${i}.example`, { client: 'a' }),
    );
    for (const one of dead) one.catch(() => {});
    assert.deepEqual(await resolver.resolve('example.com', { client: 'b' }), ['192.0.2.1']);
    const last = dead.at(-1) ?? assert.fail();
    await assert.rejects(last, { code: 'EAI_AGAIN' }, 'no more than 256 may wait');
  });

  test('a name that waits behind others of one client does not wait for another', async (t) => {
    system(t, (name) => (name.startsWith('dead') ? new Promise(() => {}) : ['192.0.2.1']));
    const resolver = newResolver();
    for (let i = 0; i < 100; i++) {
      resolver.resolve(`dead${i}.example`, { client: 'a' }).catch(() => {});
    }
    const behind = resolver.resolve('example.com', { client: 'a' });
    assert.deepEqual(await resolver.resolve('example.com', { client: 'b' }), ['192.0.2.1']);
    assert.deepEqual(await behind, ['192.0.2.1']);
  });

  test('a name that nobody waits for any more is not asked for', async (t) => {
    let give: (answer: Answer) => void = () => {};
    const asked = system(
      t,
      () =>
        new Promise((resolve) => {
          give = resolve;
        }),
    );
    const resolver = newResolver();
    const cancellation = new Cancellation();
    const waiting = Array.from({ length: 100 }, (_, i) =>
      resolver.resolve(`n${i}.example`, { client: 'a', cancellation }),
    );
    const begun = asked.length;
    cancellation.cancel();
    for (const one of waiting) await assert.rejects(one, { code: 'ECANCELED' });
    give(['192.0.2.1']);
    await new Promise(setImmediate);
    assert.equal(asked.length, begun);
    assert.equal(cancellation.listeners, 0);
    const late = resolver.resolve('example.com', { cancellation });
    await assert.rejects(late, { code: 'ECANCELED' });
  });

  test('a look-up of the DNS ends when nobody waits for it any more', async (t) => {
    const server = await DnsServer.start(t, (name) =>
      name === 'a.example' ? ['192.0.2.1'] : 'silence',
    );
    const resolver = new Resolver(
      { get: () => ({ hostsFirst: true, dns: server.setup }) },
      { find: () => undefined },
    );
    for (let round = 0; round < 3; round++) {
      const cancellation = new Cancellation();
      const dead = Array.from({ length: 200 }, (_, i) =>
        resolver.resolve(`dead${i}.example`, { client: 'a', cancellation }),
      );
      cancellation.cancel();
      for (const one of dead) await assert.rejects(one, { code: 'ECANCELED' });
    }
    assert.deepEqual(await resolver.resolve('a.example', { client: 'a' }), ['192.0.2.1']);
  });

  test('what was known is used while nothing newer comes, for an hour', async (t) => {
    const clock = time(t);
    const again = Object.assign(new Error('again'), { code: 'EAI_AGAIN' });
    const answers: (Answer | Promise<Answer>)[] = [['192.0.2.1'], again, new Promise(() => {})];
    system(t, () => answers.shift() ?? assert.fail('asked too often'));
    const resolver = newResolver();
    await resolver.resolve('example.com');
    clock.pass(10_000);
    assert.deepEqual(await resolver.resolve('example.com'), ['192.0.2.1'], 'a failure');
    const slow = resolver.resolve('example.com');
    clock.pass(1000);
    assert.deepEqual(await slow, ['192.0.2.1'], 'no answer');
  });

  test('what does not exist any more is not used', async (t) => {
    const clock = time(t);
    const answers: Answer[] = [['192.0.2.1'], notFound, ['192.0.2.2'], notFound];
    system(t, () => answers.shift() ?? assert.fail('asked too often'));
    const resolver = newResolver();
    await resolver.resolve('example.com');
    clock.pass(10_000);
    await assert.rejects(resolver.resolve('example.com'), { code: 'ENOTFOUND' });
    await resolver.resolve('example.com');
    clock.pass(3_600_000);
    await assert.rejects(resolver.resolve('example.com'), { code: 'ENOTFOUND' });
  });

  test("the system's own resolver", async () => {
    const found = await new Resolver().resolve('localhost', { timeout: 5000 });
    assert.ok(found.length > 0);
    for (const address of found) assert.ok(['127.0.0.1', '::1'].includes(address), address);
  });
});
