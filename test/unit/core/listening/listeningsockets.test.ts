import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { resolveListenAddresses } from '#core/listening/listeningsocket.js';
import { ListeningSockets } from '#core/listening/listeningsockets.js';
import { resolveFamilies } from '#core/outbound/external.js';
import { Resolver } from '#core/outbound/resolve.js';
import { assertTurnedAway } from '../../../support/sockets.js';

/** An address for documentation (RFC 3849): no machine has it. */
const NOT_HERE = '2001:db8::dead';

/** A resolver to whom a name has these addresses. */
const resolverOf = (...addresses: string[]) =>
  new Resolver(
    { get: () => ({ hostsFirst: true, dns: undefined }) },
    { find: (name) => (name === 'here.example' ? addresses : undefined) },
  );

function open(t: TestContext, accepted: string[] = []): ListeningSockets {
  const listeners = new ListeningSockets(
    (transport, listener) => {
      accepted.push(listener);
      transport.abort();
    },
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
    const { started, missing } = await listeners.moveTo([{ name: 'default', addresses }]);
    assert.deepEqual(
      started.map(({ host }) => host),
      ['127.0.0.1'],
    );
    assert.deepEqual(
      missing.map(({ host }) => host),
      [NOT_HERE],
    );
    assert.match(missing[0]?.error.message ?? '', /^cannot listen on \[2001:db8::dead\]:0: /);
    const again = await listeners.moveTo([{ name: 'default', addresses }]);
    assert.deepEqual([again.started, again.stopped], [[], []]);
  });

  test('is an error if none is there', async (t) => {
    const resolver = resolverOf(NOT_HERE, '192.0.2.254');
    const addresses = await resolveListenAddresses(['here.example:0'], resolver);
    await assert.rejects(open(t).moveTo([{ name: 'default', addresses }]), { name: 'UserError' });
  });

  test('an address by itself that is not there is an error beside others', async (t) => {
    const resolver = resolverOf();
    const addresses = await resolveListenAddresses(['127.0.0.1:0', '192.0.2.254:0'], resolver);
    const listeners = open(t);
    await assert.rejects(listeners.moveTo([{ name: 'default', addresses }]), /192\.0\.2\.254/);
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
  const { started } = await open(t).moveTo([{ name: 'default', addresses }]);
  assert.ok(started.length > 0);
});

test('an address that another listener has now is not opened again', async (t) => {
  const accepted: string[] = [];
  const sockets = open(t, accepted);
  const free = { host: '127.0.0.1', port: 0, optional: false };
  const { started } = await sockets.moveTo([{ name: 'lan', addresses: [free] }]);
  assert.deepEqual(
    started.map(({ listener }) => listener),
    ['lan'],
  );
  const { port = 0 } = started[0] ?? {};
  await assertTurnedAway(t, port);
  const own = { host: '127.0.0.2', port: 0, optional: true };
  const change = await sockets.moveTo([
    { name: 'lan', addresses: [own] },
    { name: 'local', addresses: [free] },
  ]);
  assert.deepEqual(change.stopped, []);
  assert.ok(change.started.every(({ listener }) => listener === 'lan'));
  await assertTurnedAway(t, port);
  assert.deepEqual(accepted, ['lan', 'local']);
});
