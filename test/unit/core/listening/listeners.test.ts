import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { resolveListenAddresses } from '#core/listening/listener.js';
import { Listeners } from '#core/listening/listeners.js';
import { resolveFamilies } from '#core/outbound/external.js';
import { Resolver } from '#core/outbound/resolve.js';

/** An address for documentation (RFC 3849): no machine has it. */
const NOT_HERE = '2001:db8::dead';

/** A resolver to whom a name has these addresses. */
const resolverOf = (...addresses: string[]) =>
  new Resolver(
    { get: () => ({ hostsFirst: true, dns: undefined }) },
    { find: (name) => (name === 'here.example' ? addresses : undefined) },
  );

function open(t: TestContext): Listeners {
  const listeners = new Listeners(
    (transport) => transport.abort(),
    () => {},
  );
  t.after(() => listeners.close());
  return listeners;
}

describe('a name with an address that is not there', () => {
  test('is listened at by the others', async (t) => {
    const resolver = resolverOf(NOT_HERE, '127.0.0.1');
    const addresses = await resolveListenAddresses(['here.example:0'], resolver);
    const listeners = open(t);
    const { started, missing } = await listeners.moveTo(addresses);
    assert.deepEqual(
      started.map(({ host }) => host),
      ['127.0.0.1'],
    );
    assert.deepEqual(
      missing.map(({ host }) => host),
      [NOT_HERE],
    );
    assert.match(missing[0]?.error.message ?? '', /^cannot listen on \[2001:db8::dead\]:0: /);
    const again = await listeners.moveTo(addresses);
    assert.deepEqual([again.started, again.stopped], [[], []]);
  });

  test('is an error if none is there', async (t) => {
    const resolver = resolverOf(NOT_HERE, '192.0.2.254');
    const addresses = await resolveListenAddresses(['here.example:0'], resolver);
    await assert.rejects(open(t).moveTo(addresses), { name: 'UserError' });
  });

  test('an address by itself that is not there is an error beside others', async (t) => {
    const resolver = resolverOf();
    const addresses = await resolveListenAddresses(['127.0.0.1:0', '192.0.2.254:0'], resolver);
    const listeners = open(t);
    await assert.rejects(listeners.moveTo(addresses), /192\.0\.2\.254/);
    assert.deepEqual(listeners.addresses, []);
  });

  test('is the external address by what is there', async () => {
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    const resolver = resolverOf(NOT_HERE, '127.0.0.1');
    const found = await resolveFamilies('bind', ['here.example'], resolver, warn);
    assert.deepEqual(found, { ipv4: '127.0.0.1', ipv6: undefined });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^bind: "here.example": .*2001:db8::dead/);
  });
});

test('* is all addresses that there are', async (t) => {
  const addresses = await resolveListenAddresses(['*:0'], resolverOf());
  const { started } = await open(t).moveTo(addresses);
  assert.ok(started.length > 0);
});
