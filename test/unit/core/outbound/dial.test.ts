import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { Cancellation } from '#core/base/cancellation.js';
import { dial, interleaveFamilies } from '#core/outbound/dial.js';
import type { Transport } from '#core/transport/transport.js';
import { unlessHere } from '../../../support/addresses.js';
import { blackHole, noBlackHole } from '../../../support/blackhole.js';
import { echoServer, serve } from '../../../support/sockets.js';
import { Recorder } from '../../../support/transports.js';

const never = new Cancellation();

/** Dials, and ends the connection with the test. */
async function call(
  t: TestContext,
  addresses: readonly string[],
  port: number,
  { timeout = 5000, cancellation = never } = {},
): Promise<Transport> {
  const transport = await dial(addresses, port, { timeout, cancellation });
  t.after(() => transport.abort());
  return transport;
}

/** A port at which nobody listens. */
async function refusingPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe('interleaveFamilies', () => {
  const cases: readonly (readonly [addresses: string[], order: string[]])[] = [
    [[], []],
    [['192.0.2.1'], ['192.0.2.1']],
    [
      ['::1', '::2', '192.0.2.1'],
      ['::1', '192.0.2.1', '::2'],
    ],
    [
      ['192.0.2.1', '192.0.2.2', '::1', '::2', '::3'],
      ['192.0.2.1', '::1', '192.0.2.2', '::2', '::3'],
    ],
    [
      ['::1', '192.0.2.1', '::2', '192.0.2.2'],
      ['::1', '192.0.2.1', '::2', '192.0.2.2'],
    ],
  ];
  for (const [addresses, order] of cases) {
    test(addresses.join(' ') || 'none', () => {
      assert.deepEqual(interleaveFamilies(addresses), order);
    });
  }

  test('keeps every address, and the order within each family', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(fc.ipV4(), fc.ipV6())), (addresses) => {
        const order = interleaveFamilies(addresses);
        for (const family of [true, false]) {
          const own = (list: readonly string[]) => list.filter((a) => a.includes(':') === family);
          assert.deepEqual(own(order), own(addresses));
        }
        assert.equal(order.length, addresses.length);
        assert.equal(order[0], addresses[0]);
      }),
    );
  });
});

const unlessSecond = await unlessHere('127.0.0.2');

describe('dial', () => {
  test('the only address', async (t) => {
    const port = await echoServer(t);
    const transport = await call(t, ['127.0.0.1'], port);
    assert.deepEqual(transport.remote, { host: '127.0.0.1', port });
    const reader = new Recorder(transport);
    transport.write(Buffer.from('hello'));
    transport.resume();
    assert.equal(String(await reader.read(5)), 'hello');
  });

  test('what the other side says at once waits to be read, and half-open is allowed', async (t) => {
    const port = await serve(t, (accepted) => {
      accepted.end('welcome');
      accepted.resume();
    });
    const transport = await call(t, ['127.0.0.1'], port);
    await nextTurn();
    const reader = new Recorder(transport);
    transport.resume();
    await reader.until(/end/);
    assert.equal(String(reader.bytes), 'welcome');
    assert.equal(transport.closed, false);
  });

  test('an address that refuses is followed by the next at once', {
    skip: unlessSecond,
  }, async (t) => {
    const port = await echoServer(t, '127.0.0.2');
    const refusing = Array.from({ length: 40 }, () => '127.0.0.1');
    // With a head start for each of them, it would take ten seconds.
    const transport = await call(t, [...refusing, '127.0.0.2'], port, { timeout: 5000 });
    assert.equal(transport.remote.host, '127.0.0.2');
  });

  test('an address that does not answer is followed by the next', {
    skip: noBlackHole ?? unlessSecond,
  }, async (t) => {
    const port = await blackHole(t);
    const server = createServer((accepted) => accepted.resume().on('error', () => {})).listen(
      port,
      '127.0.0.2',
    );
    t.after(() => server.close());
    await once(server, 'listening');
    const connected = once(server, 'connection');
    const before = handles();
    const start = performance.now();
    const transport = await call(t, ['127.0.0.1', '127.0.0.2'], port);
    const duration = performance.now() - start;
    assert.equal(transport.remote.host, '127.0.0.2');
    assert.ok(duration >= 200 && duration < 5000, `${duration} ms`);
    await Promise.all([connected, allClosed(before + 2)]);
  });

  test('all the time there is', { skip: noBlackHole }, async (t) => {
    const port = await blackHole(t);
    const before = handles();
    const start = performance.now();
    await assert.rejects(call(t, ['127.0.0.1', '127.0.0.1'], port, { timeout: 400 }), {
      name: 'DialError',
      code: 'ETIMEDOUT',
    });
    const duration = performance.now() - start;
    assert.ok(duration >= 390 && duration < 5000, `${duration} ms`);
    await allClosed(before);
  });

  test('a cancellation gives up, before and while it dials', { skip: noBlackHole }, async (t) => {
    const port = await blackHole(t);
    const before = handles();
    const cancellation = new Cancellation();
    const options = { cancellation, timeout: 60_000 };
    const dialling = call(t, ['127.0.0.1', '127.0.0.1'], port, options);
    setImmediate(() => cancellation.cancel());
    const expected = { name: 'DialError', code: 'ECANCELED' };
    await assert.rejects(dialling, expected);
    await assert.rejects(call(t, ['127.0.0.1'], port, options), expected);
    await allClosed(before);
    assert.equal(cancellation.listeners, 0);
  });

  test('a cancellation that comes later does nothing', async (t) => {
    const port = await echoServer(t);
    const cancellation = new Cancellation();
    const transport = await call(t, ['127.0.0.1'], port, { cancellation });
    assert.equal(cancellation.listeners, 0);
    cancellation.cancel();
    const reader = new Recorder(transport);
    transport.write(Buffer.from('still here'));
    transport.resume();
    assert.equal(String(await reader.read(10)), 'still here');
  });

  // 127.255.255.255 is the broadcast address of 127.0.0.0/8, to which TCP has no route.
  const errors: readonly (readonly [addresses: string[], code: string])[] = [
    [[], 'EHOSTUNREACH'],
    [['127.0.0.1'], 'ECONNREFUSED'],
    [['127.0.0.1', '::1'], 'ECONNREFUSED'],
    [['127.255.255.255'], 'ENETUNREACH'],
    [['127.255.255.255', '127.0.0.1', '127.255.255.255'], 'ECONNREFUSED'],
  ];
  for (const [addresses, code] of errors) {
    const broadcast = addresses.includes('127.255.255.255');
    test(`${addresses.join(' ') || 'no address'}: ${code}`, {
      skip: broadcast && (noBlackHole ?? unlessSecond),
    }, async (t) => {
      const port = await refusingPort();
      const message = `cannot connect: ${code}`;
      await assert.rejects(call(t, addresses, port), { name: 'DialError', code, message });
    });
  }
});

/** Sockets that are open or opening. */
function handles(): number {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^TCP(Socket)?Wrap|TCPConnect/.test(name)).length;
}

/** Waits until no more sockets than so many are open: closing takes a turn of the event loop. */
async function allClosed(count: number): Promise<void> {
  while (handles() > count) await new Promise(setImmediate);
}
