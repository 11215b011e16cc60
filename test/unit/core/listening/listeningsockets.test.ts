import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  type BoundSockets,
  type ListeningAddress,
  resolveListenAddresses,
} from '#core/listening/listeningsocket.js';
import { ListeningSockets } from '#core/listening/listeningsockets.js';
import { resolveFamilies } from '#core/outbound/external.js';
import { Resolver } from '#core/outbound/resolve.js';
import { HeldSockets } from '#core/sharing/sockets.js';
import { assertTurnedAway, Client, freePort, listening } from '../../../support/sockets.js';

/** An address for documentation (RFC 3849): no machine has it. */
const NOT_HERE = '2001:db8::dead';

/** A resolver to whom a name has these addresses. */
const resolverOf = (...addresses: string[]) =>
  new Resolver(
    { get: () => ({ hostsFirst: true, dns: undefined }) },
    { find: (name) => (name === 'here.example' ? addresses : undefined) },
  );

/** @param accepted gets the name of the listener of each client. */
function open(t: TestContext, accepted: string[] = [], sockets?: BoundSockets): ListeningSockets {
  const listeners = new ListeningSockets(
    (transport, listener) => {
      accepted.push(listener);
      transport.abort();
    },
    () => {},
    sockets,
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

describe('sockets that are open, and the addresses of listeners', () => {
  const at = (port: number, host = '127.0.0.1') => ({ host, port, optional: false });
  const names = (addresses: readonly ListeningAddress[]) =>
    addresses.map(({ host, port, listener }) => `${listener} ${host} ${port}`);

  test('one that another listener has now is not opened again', async (t) => {
    const accepted: string[] = [];
    const sockets = open(t, accepted);
    const [one, two] = [await freePort(t), await freePort(t)];
    await sockets.moveTo([{ name: 'lan', addresses: [at(one)] }]);
    sockets.serve();
    await assertTurnedAway(t, one);
    const change = await sockets.moveTo([
      { name: 'lan', addresses: [at(two)] },
      { name: 'local', addresses: [at(one)] },
    ]);
    assert.deepEqual(names(change.started), [`lan 127.0.0.1 ${two}`]);
    assert.deepEqual(change.stopped, []);
    assert.deepEqual(change.moved, [
      { host: '127.0.0.1', port: one, listener: 'local', before: 'lan' },
    ]);
    await assertTurnedAway(t, one);
    assert.deepEqual(accepted, ['lan', 'local']);
  });

  test('two listeners may exchange their addresses', async (t) => {
    const sockets = open(t);
    const [one, two] = [at(await freePort(t)), at(await freePort(t))];
    await sockets.moveTo([
      { name: 'a', addresses: [one] },
      { name: 'b', addresses: [two] },
    ]);
    const change = await sockets.moveTo([
      { name: 'a', addresses: [two] },
      { name: 'b', addresses: [one] },
    ]);
    assert.deepEqual([change.started, change.stopped], [[], []]);
    assert.deepEqual(
      change.moved.map(({ port, listener, before }) => [port, before, listener]).sort(),
      [
        [one.port, 'a', 'b'],
        [two.port, 'b', 'a'],
      ].sort(),
    );
    assert.deepEqual(sockets.addressesOf('a'), [{ host: '127.0.0.1', port: two.port }]);
    assert.deepEqual(sockets.addressesOf('b'), [{ host: '127.0.0.1', port: one.port }]);
  });

  test('a port that the system chose is the own of its listener', async (t) => {
    const sockets = open(t);
    const { started } = await sockets.moveTo([
      { name: 'a', addresses: [at(0)] },
      { name: 'b', addresses: [at(0)] },
    ]);
    const reordered = await sockets.moveTo([
      { name: 'b', addresses: [at(0)] },
      { name: 'a', addresses: [at(0)] },
    ]);
    assert.deepEqual([reordered.started, reordered.stopped, reordered.moved], [[], [], []]);
    for (const { listener, ...address } of started) {
      assert.deepEqual(sockets.addressesOf(listener), [address]);
    }
    const renamed = await sockets.moveTo([
      { name: 'c', addresses: [at(0)] },
      { name: 'a', addresses: [at(0)] },
    ]);
    assert.deepEqual(
      renamed.started.map(({ listener }) => listener),
      ['c'],
    );
    assert.deepEqual(
      names(renamed.stopped),
      names(started.filter(({ listener }) => listener === 'b')),
    );
    assert.deepEqual(renamed.moved, []);
  });

  test('a change that fails leaves each with its listener', async (t) => {
    const accepted: string[] = [];
    const sockets = open(t, accepted);
    const one = at(await freePort(t));
    await sockets.moveTo([{ name: 'a', addresses: [one] }]);
    sockets.serve();
    const wrong = { name: 'b', addresses: [one, at(0, '192.0.2.254')] };
    await assert.rejects(sockets.moveTo([wrong]), /192\.0\.2\.254/);
    assert.deepEqual(sockets.addressesOf('a'), [{ host: one.host, port: one.port }]);
    await assertTurnedAway(t, one.port);
    assert.deepEqual(accepted, ['a']);
  });
});

describe('who comes to a new address before what is to be in force there is', () => {
  const at = (port: number) => ({ host: '127.0.0.1', port, optional: false });

  /** Sockets, the second of which is there only when a client has come to the first. */
  async function opening(t: TestContext, accepted: string[], isThere: boolean) {
    const held = new HeldSockets();
    t.after(() => held.close());
    const [one, two] = [await freePort(t), await freePort(t)];
    let come = () => {};
    const hasCome = new Promise<void>((resolve) => {
      come = resolve;
    });
    const sockets = open(t, accepted, {
      take: async (address) => {
        if (address.port === two) await hasCome;
        if (address.port === two && !isThere) throw new Error('no');
        return held.take(address, 1);
      },
      release: (address) => held.release(address, 1),
    });
    const moved = sockets.moveTo([{ name: 'lan', addresses: [at(one), at(two)] }]);
    moved.catch(() => {});
    await listening(one);
    const client = await Client.connect(t, one);
    come();
    return { sockets, moved, client };
  }

  test('waits', async (t) => {
    const accepted: string[] = [];
    const { sockets, moved, client } = await opening(t, accepted, true);
    await moved;
    assert.deepEqual(accepted, []);
    sockets.serve();
    await client.readAll().catch(() => {});
    assert.ok(accepted.length > 0 && accepted.every((name) => name === 'lan'));
  });

  test('is not served if it fails', async (t) => {
    const accepted: string[] = [];
    const { sockets, moved, client } = await opening(t, accepted, false);
    await assert.rejects(moved, { name: 'UserError' });
    await client.readAll().catch(() => {});
    sockets.serve();
    assert.deepEqual(accepted, []);
  });
});
