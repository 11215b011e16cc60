import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HeldSockets } from '#core/sharing/sockets.js';
import { freePort } from '../../../support/sockets.js';

type Handle = Awaited<ReturnType<HeldSockets['take']>>;

/** Sockets that the primary process holds. */
function held(t: TestContext): HeldSockets {
  const sockets = new HeldSockets();
  t.after(() => sockets.close());
  return sockets;
}

const at = (port: number, listener: string, host = '127.0.0.1') => ({ host, port, listener });

/** The port of a socket; undefined if it is closed. */
function portOf(handle: Handle): number | undefined {
  const name: { port?: number } = {};
  return handle.getsockname(name) === 0 ? name.port : undefined;
}

test('workers have one socket of an address, be it for another listener after a reload', async (t) => {
  const sockets = held(t);
  const port = await freePort(t);
  const first = await sockets.take(at(port, 'one'), 1);
  assert.equal(portOf(first), port);
  assert.equal(await sockets.take(at(port, 'one'), 2), first);
  assert.equal(await sockets.take(at(port, 'two'), 3), first);
  const elsewhere = await sockets.take(at(port, 'one', '127.0.0.2'), 1);
  assert.notEqual(elsewhere, first);
  for (const worker of [1, 2]) sockets.release(at(port, 'one'), worker);
  assert.equal(portOf(first), port);
  sockets.release(at(port, 'two'), 3);
  assert.equal(portOf(first), undefined);
  assert.equal(portOf(elsewhere), port);
  assert.notEqual(await sockets.take(at(port, 'two'), 1), first);
});

test('a port that the system chose is that of one listener for all workers', async (t) => {
  const sockets = held(t);
  const [one, two] = [await sockets.take(at(0, 'one'), 1), await sockets.take(at(0, 'two'), 1)];
  assert.notEqual(portOf(one), portOf(two));
  assert.equal(await sockets.take(at(0, 'one'), 2), one);
  assert.equal(await sockets.take(at(0, 'two'), 2), two);
  for (const worker of [1, 2]) sockets.release(at(0, 'one'), worker);
  assert.equal(portOf(one), undefined);
  assert.notEqual(portOf(two), undefined);
});

test('one whose workers have died is kept for those that take their places', async (t) => {
  const sockets = held(t);
  const port = await freePort(t);
  const handle = await sockets.take(at(port, 'one'), 1);
  sockets.remove(1);
  assert.equal(await sockets.take(at(port, 'one'), 1), handle);
  sockets.prune();
  assert.equal(portOf(handle), port);
  sockets.remove(1);
  sockets.prune();
  assert.equal(portOf(handle), undefined);
});

test('a worker does not give back what another has taken', async (t) => {
  const sockets = held(t);
  const port = await freePort(t);
  const handle = await sockets.take(at(port, 'one'), 1);
  sockets.release(at(port, 'one'), 2);
  assert.equal(portOf(handle), port);
});
