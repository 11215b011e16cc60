import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Awaitable } from '#core/base/awaitable.js';
import type { Disposable } from '#core/base/disposable.js';
import { ConnectionCounter, type ConnectionLimits, type LimitName } from '#core/limits/limits.js';

const counter = (limits: Partial<ConnectionLimits>) =>
  new ConnectionCounter({ ...unlimited, ...limits });
const unlimited = { total: 0, perAddress: 0, associations: 0 };

function counted(result: Awaitable<Disposable | LimitName>): Disposable {
  if (result instanceof Promise) assert.fail('it takes a while');
  if (typeof result === 'string') assert.fail(`refused: ${result}`);
  return result;
}

describe('limits', () => {
  test('of all connections', () => {
    const count = counter({ total: 2 });
    const first = counted(count.addClient('192.0.2.1'));
    counted(count.addClient('192.0.2.2'));
    assert.equal(count.addClient('192.0.2.3'), 'total');
    first.dispose();
    counted(count.addClient('192.0.2.3'));
    assert.equal(count.addClient('192.0.2.1'), 'total');
  });

  test('of one address', () => {
    const count = counter({ perAddress: 1 });
    const first = counted(count.addClient('192.0.2.1'));
    assert.equal(count.addClient('192.0.2.1'), 'perAddress');
    counted(count.addClient('192.0.2.2'));
    first.dispose();
    counted(count.addClient('192.0.2.1'));
  });

  test('of one listener', () => {
    const count = counter({ total: 4, perAddress: 3 });
    const [few, any] = [count.ofListener('few', 1), count.ofListener('any', 0)];
    const first = counted(count.addClient('192.0.2.1', few));
    assert.equal(count.addClient('192.0.2.1', few), 'listener');
    counted(count.addClient('192.0.2.1', any));
    counted(count.addClient('192.0.2.1'));
    assert.equal(count.addClient('192.0.2.1', any), 'perAddress');
    first.dispose();
    counted(count.addClient('192.0.2.2', few));
    counted(count.addClient('192.0.2.2', any));
    assert.equal(count.addClient('192.0.2.3', few), 'total');
  });

  test('an IPv6 address stands for its /64', () => {
    const count = counter({ perAddress: 1, associations: 1 });
    counted(count.addClient('2001:db8:0:1::1'));
    assert.equal(count.addClient('2001:db8:0:1:ffff::2'), 'perAddress');
    counted(count.addClient('2001:db8:0:2::1'));
    counted(count.addAssociation('2001:db8:0:1::1'));
    assert.equal(count.addAssociation('2001:db8:0:1::2'), 'associations');
    counted(count.addClient('::ffff:192.0.2.1'));
    assert.equal(count.addClient('192.0.2.1'), 'perAddress');
  });

  test('a refused connection does not count', () => {
    const count = counter({ total: 2, perAddress: 1 });
    counted(count.addClient('192.0.2.1'));
    assert.equal(count.addClient('192.0.2.1'), 'perAddress');
    counted(count.addClient('192.0.2.2'));
    assert.equal(count.addClient('192.0.2.3'), 'total');
  });

  test('giving back twice gives back once', () => {
    const count = counter({ total: 3, perAddress: 3 });
    const client = counted(count.addClient('192.0.2.1'));
    counted(count.addClient('192.0.2.1'));
    for (let i = 0; i < 3; i++) client.dispose();
    counted(count.addClient('192.0.2.1'));
    counted(count.addClient('192.0.2.1'));
    count.limits = { ...unlimited, perAddress: 3 };
    assert.equal(count.addClient('192.0.2.1'), 'perAddress');
    count.limits = { ...unlimited, total: 3 };
    assert.equal(count.addClient('192.0.2.2'), 'total');
  });

  test('new limits hold for what comes', () => {
    const count = counter({});
    const all = Array.from({ length: 10 }, () => counted(count.addClient('192.0.2.1')));
    count.limits = { ...unlimited, total: 5 };
    assert.equal(count.addClient('192.0.2.2'), 'total');
    for (const one of all.slice(4)) one.dispose();
    counted(count.addClient('192.0.2.2'));
    assert.equal(count.addClient('192.0.2.2'), 'total');
  });

  test('counts as a list would', () => {
    const action = fc.tuple(fc.boolean(), fc.nat(3), fc.nat(20));
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 60 }),
        fc.nat(6),
        fc.nat(3),
        (actions, ...limits) => {
          const [total, perAddress] = limits;
          const count = counter({ total, perAddress });
          const open: { readonly address: string; readonly handle: Disposable }[] = [];
          for (const [opens, number, index] of actions) {
            const address = `192.0.2.${number}`;
            if (opens) {
              const own = open.filter((one) => one.address === address).length;
              const result = count.addClient(address);
              if (total > 0 && open.length >= total) assert.equal(result, 'total');
              else if (perAddress > 0 && own >= perAddress) assert.equal(result, 'perAddress');
              else open.push({ address, handle: counted(result) });
            } else {
              open.splice(index % (open.length || 1), 1)[0]?.handle.dispose();
            }
          }
        },
      ),
    );
  });
});
