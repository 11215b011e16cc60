import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { bytesInUse } from '#core/transport/buffers.js';
import { connect } from '#core/transport/connect.js';
import { confirmEnd } from '#core/transport/eof.js';
import { hidesResets, type TcpHandle, tcp, UV_EOF } from '#core/transport/handles.js';
import { SocketTransport } from '#core/transport/sockettransport.js';
import type { Transport } from '#core/transport/transport.js';
import { unlessHere } from '../../../support/addresses.js';
import { serve } from '../../../support/sockets.js';
import { makers, Recorder, tlsMakers, transportPair } from '../../../support/transports.js';
import { wine } from '../../../support/wine.js';

const turn = () => new Promise(setImmediate);

for (const { name: maker, skip } of [...makers, ...tlsMakers]) {
  describe(`transport over a ${maker}`, { skip }, () => {
    const skipWine = wine('reset');
    // Node's own TLS is over with a write in a later turn only.
    const takesAtOnce = maker !== 'stream with TLS';
    test('knows both of its ends', async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const { localPort, remotePort } = far.socket;
      assert.deepEqual(transport.remote, { host: '127.0.0.1', port: localPort });
      assert.deepEqual(transport.local, { host: '127.0.0.1', port: remotePort });
    });

    test('bytes go both ways, and an end is told once', async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const reader = new Recorder(transport);
      transport.resume();
      far.send('question').socket.end();
      await reader.until(/end/);
      assert.equal(String(reader.bytes), 'question');
      assert.equal(transport.ended, true);
      assert.equal(transport.write(Buffer.from('answer')), takesAtOnce);
      transport.end();
      assert.equal(String(await far.readAll()), 'answer');
      await reader.until(/close/);
      const told = reader.told.filter((one) => takesAtOnce || one !== 'drain');
      assert.deepEqual(told, ['end', 'close here'], 'both have finished');
    });

    test('nothing is read before it is resumed, nor while it is paused', async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const other = await transportPair(t, maker);
      const reader = new Recorder(transport);
      const later = async () => {
        // What another connection carries there and back comes after it.
        const echo = new Recorder(other.transport);
        other.transport.resume();
        other.far.send('x');
        await echo.read(1);
        await turn();
      };
      far.send('one');
      await later();
      assert.equal(reader.bytes.length, 0);
      transport.resume();
      await reader.read(3);
      transport.pause();
      far.send('two');
      await later();
      assert.equal(String(reader.bytes), 'one');
      transport.resume();
      assert.equal(String(await reader.read(6)), 'onetwo');
    });

    test('a reader that says no is told nothing until it is resumed', async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const reader = new Recorder(transport);
      reader.more = () => false;
      far.send('one');
      transport.resume();
      await reader.read(3);
      far.send('two').socket.end();
      await once(far.socket, 'finish');
      await turn();
      assert.deepEqual([String(reader.bytes), reader.told], ['one', []]);
      reader.more = () => true;
      transport.resume();
      await reader.until(/end/);
      assert.equal(String(reader.bytes), 'onetwo');
    });

    test('is handed over at any byte, and none is lost', async (t) => {
      const message = Buffer.from('head and body');
      for (let cut = 0; cut <= message.length; cut++) {
        for (let head = 1; head < message.length; head += 3) {
          const { transport, far } = await transportPair(t, maker);
          const first = new Recorder(transport);
          transport.resume();
          if (cut > 0) far.send(message.subarray(0, cut));
          const seen = Math.min(cut, head);
          await first.read(seen);
          if (cut < message.length) far.send(message.subarray(cut));
          await first.read(head);
          transport.putBack(first.bytes.subarray(head));
          const second = new Recorder(transport);
          if (head % 2 === 0) await turn();
          transport.resume();
          far.socket.end();
          await second.until(/end/);
          assert.equal(String(second.bytes), String(message.subarray(head)), `cut ${cut}`);
          assert.deepEqual(first.told, []);
        }
      }
    });

    test('what is put back comes first, the last put back before all', async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const reader = new Recorder(transport);
      transport.putBack(Buffer.from('two '));
      transport.putBack(Buffer.from('one '));
      transport.putBack(Buffer.alloc(0));
      far.send('three');
      transport.resume();
      assert.equal(String(await reader.read(13)), 'one two three');
    });

    test('what is put back comes before what arrives while reading goes on', async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const first = new Recorder(transport);
      transport.resume();
      far.send('head one ');
      await first.read(9);
      transport.putBack(Buffer.from('one '));
      const second = new Recorder(transport);
      far.send('two');
      assert.equal(String(await second.read(7)), 'one two');
    });

    test('a new reader learns of the end and of the close', async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const first = new Recorder(transport);
      transport.resume();
      far.socket.end();
      await first.until(/end/);
      const second = new Recorder(transport);
      transport.resume();
      await second.until(/end/);
      transport.close();
      const third = new Recorder(transport);
      await third.until(/close/);
      await turn();
      assert.deepEqual([first.told, second.told, third.told], [['end'], ['end'], ['close here']]);
    });

    test('writes that are not taken are told of once they are, and arrive before the end', async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const reader = new Recorder(transport);
      transport.resume();
      far.socket.pause();
      const data = randomBytes(8 * 1024 * 1024);
      let taken = true;
      for (let i = 0; i < data.length; i += 65536) {
        taken = transport.write(data.subarray(i, i + 65536)) && taken;
      }
      assert.equal(taken, false);
      assert.ok(transport.unwritten > 0);
      transport.end();
      far.socket.resume();
      assert.ok((await far.readAll()).equals(data));
      await reader.until(/drain/);
      assert.equal(transport.unwritten, 0);
      assert.deepEqual(reader.told, ['drain']);
      assert.equal(transport.write(Buffer.from('lost')), true, 'nothing is written behind the end');
    });

    test('what waits to be taken is not read over by anybody', async (t) => {
      const [from, to, beside] = await Promise.all([
        transportPair(t, maker),
        transportPair(t, maker),
        transportPair(t, maker),
      ]);
      const data = randomBytes(6 * 1024 * 1024);
      from.transport.readTo({
        onData: (chunk, lasting) => to.transport.write(lasting ? chunk : Buffer.from(chunk)),
        onEnd: () => to.transport.end(),
        onDrain() {},
        onClose() {},
      });
      const sink = new Recorder(to.transport);
      sink.onDrain = () => from.transport.resume();
      to.far.socket.pause();
      from.transport.resume();
      from.far.socket.end(data);
      // Meanwhile another connection reads as much of something else.
      const other = new Recorder(beside.transport);
      other.onData = (chunk: Uint8Array) => {
        assert.ok(chunk.every((octet) => octet === 7));
        return true;
      };
      beside.transport.resume();
      beside.far.socket.end(Buffer.alloc(data.length, 7));
      await other.until(/end/);
      to.far.socket.resume();
      assert.ok((await to.far.readAll()).equals(data));
    });

    test('close: the peer sees an end, abort: it sees a reset', async (t) => {
      for (const how of ['close', 'abort'] as const) {
        const { transport, far } = await transportPair(t, maker);
        const reader = new Recorder(transport);
        transport.resume();
        transport.write(Buffer.from('x'));
        await far.read(1);
        await turn(); // The far end reads again: see wine('reset').
        transport[how]();
        transport[how]();
        assert.equal(transport.closed, true);
        await reader.until(/close here/);
        if (how === 'close') far.socket.end();
        await far.closed();
        assert.equal(far.error?.code, how === 'abort' ? 'ECONNRESET' : undefined);
        const told = reader.told.filter((one) => takesAtOnce || one !== 'drain');
        assert.deepEqual(told, ['close here']);
        assert.deepEqual(transport.local, { host: '0.0.0.0', port: 0 });
      }
    });

    test('a reset by the peer is told by its name, behind the data', {
      skip: skipWine,
    }, async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const reader = new Recorder(transport);
      const data = randomBytes(100_000);
      far.socket.write(data, () => far.socket.resetAndDestroy());
      await once(far.socket, 'close');
      transport.resume();
      assert.equal(await reader.until(/close|end/), 'close ECONNRESET');
      assert.equal(transport.write(Buffer.from('to nobody')), true);
      assert.deepEqual(reader.told, ['close ECONNRESET']);
    });

    test('a reset behind data is one also after this end has finished', {
      skip: skipWine,
    }, async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const reader = new Recorder(transport);
      transport.resume();
      transport.end();
      await far.readAll();
      far.socket.write(randomBytes(10_000), () => far.socket.resetAndDestroy());
      assert.equal(await reader.until(/close|end/), 'close ECONNRESET');
    });

    test('a write to a peer that is gone fails this connection only', async (t) => {
      const [dead, alive] = await Promise.all([transportPair(t, maker), transportPair(t, maker)]);
      const reader = new Recorder(dead.transport);
      dead.far.socket.resetAndDestroy();
      await once(dead.far.socket, 'close');
      while (!dead.transport.closed) {
        dead.transport.write(Buffer.from('x'));
        await turn();
      }
      assert.match(await reader.until(/close/), /close (EPIPE|ECONNRESET)/);
      const other = new Recorder(alive.transport);
      alive.transport.resume();
      alive.far.send('fine');
      assert.equal(String(await other.read(4)), 'fine');
    });

    test('what a peer says before it closes is read, whatever is written to it meanwhile', {
      skip: skipWine ?? (maker.startsWith('handle') ? undefined : 'a socket fails as a whole'),
    }, async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const reader = new Recorder(transport);
      transport.resume();
      far.socket.pause();
      transport.write(Buffer.from('never read'));
      await turn();
      await turn();
      // A connection that is closed with bytes that nobody has read is reset (RFC 2525 section 2.17).
      far.socket.write('because');
      far.socket.destroy();
      await new Promise((resolve) => process.nextTick(resolve));
      for (let i = 0; i < 3; i++) {
        const isTaken = transport.write(Buffer.from('too late'));
        // Over TLS the first of them is still on its way when the next one comes.
        if (maker === 'handle') assert.equal(isTaken, true);
      }
      await reader.until(/close (EPIPE|ECONNRESET)/);
      assert.equal(String(reader.bytes), 'because');
    });

    test('every descriptor is closed, however a connection ends', {
      skip: process.platform === 'linux' ? undefined : 'needs /proc',
    }, async (t) => {
      const open = () => readdirSync('/proc/self/fd').length;
      const ways: readonly ((transport: Transport) => void)[] = [
        (transport) => transport.close(),
        (transport) => transport.abort(),
        (transport) => {
          transport.end();
          transport.abort();
        },
        (transport) => {
          transport.end();
          transport.close();
        },
        (transport) => {
          transport.write(Buffer.alloc(4 * 1024 * 1024));
          transport.end();
          transport.abort();
        },
      ];
      const before = open();
      for (let round = 0; round < 10; round++) {
        for (const end of ways) {
          const { transport, far } = await transportPair(t, maker);
          const reader = new Recorder(transport);
          transport.resume();
          far.socket.pause();
          end(transport);
          await reader.until(/close/);
          far.socket.destroy();
          await far.closed();
        }
      }
      while (open() > before) await turn();
      assert.equal(open(), before);
    });

    test('at rest it holds no buffer of its own', async (t) => {
      const { transport, far } = await transportPair(t, maker);
      const before = bytesInUse();
      let most = 0;
      let read = 0;
      const reader = new Recorder(transport);
      reader.onData = (chunk: Uint8Array) => {
        read += chunk.length;
        most = Math.max(most, bytesInUse());
        return true;
      };
      transport.resume();
      const size = 8 * 1024 * 1024;
      far.send(Buffer.alloc(size));
      while (read < size) await turn();
      transport.rest();
      transport.rest();
      if (maker === 'handle') assert.ok(most > before, 'it had one while it carried much');
      assert.ok(bytesInUse() <= before);
    });
  });
}

/** A socket whose handle is a stand-in, and what tells it that something was read. */
function standIn() {
  const handle = {
    onread: (_octets?: ArrayBuffer) => {},
    readStart: () => 0,
    told: [] as string[],
  };
  handle.onread = (octets) => handle.told.push(octets === undefined ? 'end' : 'data');
  // What Node makes for TCP is known by its name.
  class TCP {}
  Object.setPrototypeOf(handle, TCP.prototype);
  const socket = Object.assign(new Socket(), { _handle: handle });
  return { socket, handle };
}

describe('an end that libuv tells in place of what follows', {
  skip: hidesResets ? undefined : 'this libuv tells no such ends',
}, () => {
  test('is one on a handle only if nothing comes after it, each time', {
    skip: tcp === undefined ? 'TCP handles are switched off' : undefined,
  }, async () => {
    const { HandleTransport } = await import('#core/transport/handletransport.js');
    const ignored = () => 0;
    const handle = new Proxy({ readStart: () => 0 } as TcpHandle, {
      get: (target, name) => Reflect.get(target, name) ?? ignored,
    });
    const transport = new HandleTransport(handle, { host: '127.0.0.1', port: 1 });
    const reader = new Recorder(transport);
    transport.resume();
    for (let i = 0; i < 3; i++) {
      transport.read(UV_EOF);
      transport.read(1);
      assert.deepEqual([reader.told, reader.bytes.length], [[], i + 1]);
    }
    transport.read(UV_EOF);
    transport.read(UV_EOF);
    assert.deepEqual(reader.told, ['end']);
  });

  test('is one on a socket only if nothing comes after it, each time', () => {
    const { socket, handle } = standIn();
    confirmEnd(socket);
    for (let i = 0; i < 3; i++) {
      handle.onread();
      handle.onread(new ArrayBuffer(1));
    }
    assert.deepEqual(handle.told, ['data', 'data', 'data']);
    handle.onread();
    handle.onread();
    assert.deepEqual(handle.told, ['data', 'data', 'data', 'end']);
  });
});

const unlessOther = await unlessHere('127.0.0.9');
describe('connect', () => {
  test('to a port that listens, from an address of its own', { skip: unlessOther }, async (t) => {
    const from: (string | undefined)[] = [];
    const port = await serve(t, (socket) => from.push(socket.remoteAddress));
    const transport = await new Promise<Transport>((resolve, reject) => {
      connect({ host: '127.0.0.1', port }, { connected: resolve, failed: reject }, '127.0.0.9');
    });
    t.after(() => transport.abort());
    assert.deepEqual(transport.remote, { host: '127.0.0.1', port });
    assert.equal(transport.local.host, '127.0.0.9');
    assert.equal(tcp === undefined, transport instanceof SocketTransport);
  });

  test('failures have the name of the system', async (t) => {
    const port = await serve(t, () => {});
    const fails = (host: string, to: number, local?: string) =>
      new Promise((resolve, reject) => {
        connect({ host, port: to }, { connected: reject, failed: resolve }, local);
      });
    assert.equal(await fails('127.0.0.1', 1), 'ECONNREFUSED');
    assert.equal(await fails('127.0.0.1', port, '192.0.2.1'), 'EADDRNOTAVAIL');
  });

  test('an attempt that is given up tells nothing', async (t) => {
    let closed: () => void;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const port = await serve(t, (socket) => {
      socket.resume().on('error', closed).on('end', closed);
    });
    const tell = () => assert.fail('it was given up');
    const attempt = connect({ host: '127.0.0.1', port }, { connected: tell, failed: tell });
    attempt.cancel();
    attempt.cancel();
    const other = connect(
      { host: '127.0.0.1', port },
      {
        connected: (transport) => transport.close(),
        failed: tell,
      },
    );
    await gone;
    other.cancel();
  });
});
