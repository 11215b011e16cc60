import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Throttle, Throttles } from '#core/relay/pacer.js';
import { type Traffic, tunnel } from '#core/relay/tunnel.js';
import { manualClock } from '../../../support/clock.js';
import {
  type Maker,
  makers,
  Recorder,
  tlsMakers,
  transportPair,
} from '../../../support/transports.js';
import { wine } from '../../../support/wine.js';

/** A tunnel between two programs: `client` and `remote` are what they hold. */
async function start(t: TestContext, maker: Maker['name'], early = '', throttles?: Throttles) {
  const [left, right] = await Promise.all([transportPair(t, maker), transportPair(t, maker)]);
  const traffic: Traffic = { up: 0, down: 0, dropped: 0, waiting: 0 };
  left.transport.putBack(Buffer.from(early));
  return {
    client: left.far,
    remote: right.far,
    /** The tunnel's own ends. */
    inner: { client: left.transport, remote: right.transport },
    traffic,
    begin: () => tunnel(left.transport, right.transport, traffic, throttles),
  };
}

const moved = ({ up, down }: Traffic) => [up, down];

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

for (const { name: maker, skip } of [...makers, ...tlsMakers.slice(0, 1)]) {
  describe(`tunnel between two: ${maker}`, { skip }, () => {
    test('both ways, until both have finished', async (t) => {
      const { client, remote, traffic, begin } = await start(t, maker);
      const end = begin();
      client.send('question');
      assert.equal(String(await remote.read(8)), 'question');
      remote.send('an answer');
      assert.equal(String(await client.read(9)), 'an answer');
      client.socket.end();
      remote.socket.end();
      assert.equal(await end, 'finished');
      assert.deepEqual(moved(traffic), [8, 9]);
    });

    test('a client that has finished still gets its answer', async (t) => {
      const { client, remote, begin } = await start(t, maker);
      const end = begin();
      client.socket.end('question');
      assert.equal(String(await remote.readAll()), 'question');
      remote.send('a late ');
      assert.equal(String(await client.read(7)), 'a late ');
      remote.socket.end('answer');
      assert.equal(String(await client.readAll()), 'answer');
      assert.equal(await end, 'finished');
    });

    test('a remote host that has finished still gets data', async (t) => {
      const { client, remote, begin } = await start(t, maker);
      const end = begin();
      remote.socket.end('banner');
      assert.equal(String(await client.readAll()), 'banner');
      client.send('more');
      assert.equal(String(await remote.read(4)), 'more');
      client.socket.end();
      assert.equal((await remote.readAll()).length, 0);
      assert.equal(await end, 'finished');
    });

    test('a reset of one side resets the other', async (t) => {
      for (const side of ['client', 'remote'] as const) {
        const sides = await start(t, maker);
        const end = sides.begin();
        const other = sides[side === 'client' ? 'remote' : 'client'];
        sides[side].send('x');
        await other.read(1);
        sides[side].socket.resetAndDestroy();
        await other.readAll();
        assert.equal(other.error?.code, 'ECONNRESET');
        assert.equal(await end, `${side}-reset`);
      }
    });

    test('a reset after the other side has finished is a reset', async (t) => {
      const { client, remote, begin } = await start(t, maker);
      const end = begin();
      client.socket.end();
      await remote.readAll();
      remote.socket.resetAndDestroy();
      assert.equal(await end, 'remote-reset');
    });

    test('a reset while the other side is being shut down leaves no socket open', async (t) => {
      for (const side of ['client', 'remote'] as const) {
        const sides = await start(t, maker);
        const end = sides.begin();
        let over = false;
        end.then(() => {
          over = true;
        });
        sides[side].socket.end('last words');
        sides[side].socket.destroy();
        // What cannot be sent any more tells the relay of the reset.
        const { socket } = sides[side === 'client' ? 'remote' : 'client'];
        socket.on('error', () => {});
        await until(() => {
          socket.write('x');
          return over;
        });
        assert.ok(sides.inner.client.closed && sides.inner.remote.closed);
      }
    });

    test('what waits for a slow reader arrives before the end', async (t) => {
      const { client, remote, begin } = await start(t, maker);
      const end = begin();
      const data = randomBytes(20_000_000);
      client.socket.end(data);
      await once(client.socket, 'finish');
      assert.ok((await remote.readAll()).equals(data));
      remote.socket.end();
      assert.equal(await end, 'finished');
    });

    test('whoever ends the session ends both sides', async (t) => {
      for (const side of ['client', 'remote'] as const) {
        const { client, remote, inner, begin } = await start(t, maker);
        const end = begin();
        client.send('x');
        await remote.read(1);
        await nextTurn(); // Both far ends read again: see wine('reset').
        inner[side].abort();
        assert.equal(await end, 'finished');
        assert.ok(inner.client.closed && inner.remote.closed);
        await Promise.all([client.closed(), remote.closed()]);
        assert.deepEqual([client.error?.code, remote.error?.code], ['ECONNRESET', 'ECONNRESET']);
      }
    });

    test('what the client sent ahead comes first, and counts', async (t) => {
      const { client, remote, traffic, begin } = await start(t, maker, 'early ');
      client.send('late');
      const end = begin();
      assert.equal(String(await remote.read(10)), 'early late');
      client.socket.end();
      remote.socket.end();
      await end;
      assert.deepEqual(moved(traffic), [10, 0]);
    });

    test('a client that had finished before', async (t) => {
      const { client, remote, inner, begin } = await start(t, maker, 'all of it');
      client.socket.end();
      const before = new Recorder(inner.client);
      inner.client.resume();
      await before.until(/end/);
      inner.client.putBack(before.bytes);
      const end = begin();
      assert.equal(String(await remote.readAll()), 'all of it');
      remote.socket.end('answer');
      assert.equal(String(await client.readAll()), 'answer');
      assert.equal(await end, 'finished');
    });

    test('a remote host that had finished before', async (t) => {
      const { client, remote, begin } = await start(t, maker);
      remote.socket.end('banner');
      await once(remote.socket, 'finish');
      const end = begin();
      assert.equal(String(await client.readAll()), 'banner');
      client.socket.end('bye');
      assert.equal(String(await remote.readAll()), 'bye');
      assert.equal(await end, 'finished');
    });

    test('much at once both ways arrives as it was sent', async (t) => {
      const { client, remote, traffic, begin } = await start(t, maker);
      const end = begin();
      const [up, down] = [randomBytes(3_000_000), randomBytes(5_000_000)];
      client.socket.end(up);
      remote.socket.end(down);
      const [gotUp, gotDown] = await Promise.all([remote.readAll(), client.readAll()]);
      assert.ok(gotUp.equals(up) && gotDown.equals(down));
      assert.equal(await end, 'finished');
      assert.deepEqual(moved(traffic), [up.length, down.length]);
    });

    test('a side that does not read stops the other', async (t) => {
      for (const [from, to] of [
        ['client', 'remote'],
        ['remote', 'client'],
      ] as const) {
        const { inner, traffic, begin, ...sides } = await start(t, maker);
        const end = begin();
        sides[to].socket.pause();
        const size = 16_000_000;
        sides[from].socket.end(Buffer.alloc(size, 7));
        await until(() => inner[to].unwritten > 0);
        assert.ok(inner[to].unwritten < 400 * 1024, `${inner[to].unwritten} bytes wait`);
        assert.ok(traffic.up + traffic.down < size);
        sides[to].socket.resume();
        assert.equal((await sides[to].readAll()).length, size);
        sides[to].socket.end();
        assert.equal(await end, 'finished');
      }
    });

    test('a throttled way waits before it moves as long as it is told, the other does not', async (t) => {
      const taken: number[] = [];
      const up: Throttle = {
        step: 3,
        take(bytes) {
          taken.push(bytes);
          return taken.length === 2 ? 300 : 0;
        },
        give() {},
      };
      const { client, remote, traffic, begin } = await start(t, maker, 'early', {
        up,
        down: undefined,
      });
      const clock = manualClock(t, ['setTimeout']);
      const end = begin();
      client.socket.end('late');
      remote.send('answer');
      assert.equal(String(await remote.read(3)), 'ear');
      await client.read(6);
      clock.pass(299);
      assert.deepEqual([traffic.up, traffic.waiting], [3, 1]);
      clock.pass(1);
      assert.equal(String(await remote.readAll()), 'lylate');
      assert.deepEqual(taken, [3, 2, 3, 1]);
      assert.equal(traffic.waiting, 0);
      remote.socket.end();
      assert.equal(await end, 'finished');
    });

    test('a throttled way that is cut gives back what did not move', async (t) => {
      let debt = 0;
      const up: Throttle = {
        step: 100,
        take(bytes) {
          debt += bytes;
          return 60_000;
        },
        give(bytes) {
          debt -= bytes;
        },
      };
      const { client, inner, traffic, begin } = await start(t, maker, '', { up, down: undefined });
      const end = begin();
      client.send('never');
      await until(() => traffic.waiting === 1);
      assert.equal(debt, 5);
      inner.client.abort();
      await end;
      assert.deepEqual([debt, traffic.waiting, traffic.up], [0, 0, 0]);
    });

    for (const size of [1, 1000, 100_000]) {
      test(`a reset right behind ${size} bytes is a reset`, { skip: wine('reset') }, async (t) => {
        for (const side of ['client', 'remote'] as const) {
          for (const halfClosed of [false, true]) {
            const sides = await start(t, maker);
            const end = sides.begin();
            const other = sides[side === 'client' ? 'remote' : 'client'];
            if (halfClosed) {
              other.socket.end();
              await sides[side].readAll();
            }
            const sender = sides[side].socket;
            // The relay reads neither before both have come.
            sender.write(Buffer.alloc(size, 1));
            await until(() => sender.writableLength === 0);
            sender.resetAndDestroy();
            await other.readAll();
            assert.equal(other.error?.code, 'ECONNRESET');
            assert.equal(await end, `${side}-reset`);
            assert.ok(sides.inner.client.closed && sides.inner.remote.closed);
          }
        }
      });
    }
  });
}
