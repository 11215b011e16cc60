import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { manualClock } from '../support/clock.js';
import { contributing, extension } from '../support/extensions.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, peerServer } from '../support/sockets.js';
import { address } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';
import { wine } from '../support/wine.js';

/**
 * A method whose encapsulation sends each octet together with its complement. What it is to do is in
 * the octet that the client sends to log in.
 */
const code = `
  import { Duplex } from 'node:stream';
  globalThis.given ??= [];
  const encode = (octets) => Uint8Array.from(octets, (_, i) => octets[i]).reduce((all, octet, i) => {
    all[2 * i] = octet; all[2 * i + 1] = 255 - octet; return all;
  }, new Uint8Array(octets.length * 2));
  const decode = (octets) => Uint8Array.from({ length: octets.length / 2 }, (_, i) => {
    if (octets[2 * i] + octets[2 * i + 1] !== 255) throw new Error('octets do not fit');
    return octets[2 * i];
  });
  class Inside {
    #below; #reader; #odd = new Uint8Array(); #back = new Uint8Array();
    local = { host: '192.0.2.1', port: 1 }; remote = { host: '192.0.2.1', port: 1 };
    constructor(below) { this.#below = below; }
    get ended() { return this.#below.ended; }
    get closed() { return this.#below.closed; }
    get unwritten() { return this.#below.unwritten / 2; }
    readTo(reader) {
      this.#reader = reader;
      this.#below.readTo({
        onData: (chunk) => {
          const all = Buffer.concat([this.#odd, chunk]);
          const whole = all.length - (all.length % 2);
          this.#odd = all.subarray(whole);
          return reader.onData(decode(all.subarray(0, whole)), false);
        },
        onEnd: () => reader.onEnd(),
        onDrain: () => reader.onDrain(),
        onClose: (code) => reader.onClose(code),
      });
    }
    pause() { this.#below.pause(); }
    resume() {
      const back = this.#back;
      this.#back = new Uint8Array();
      if (back.length === 0 || this.#reader.onData(back, true)) this.#below.resume();
    }
    putBack(octets) { this.#back = Buffer.concat([octets, this.#back]); }
    write(octets) { return this.#below.write(encode(octets)); }
    end() { this.#below.end(); }
    close() { this.#below.close(); }
    abort() { this.#below.abort(); }
    keepAlive() { throw new Error('asked of the connection below'); }
    rest() { throw new Error('asked of the connection below'); }
  }
  const stream = (below) => {
    let drained, odd = new Uint8Array();
    const inside = new Duplex({
      allowHalfOpen: true,
      read() { below.resume(); },
      write(chunk, _, done) { if (below.write(encode(chunk))) done(); else drained = done; },
      final(done) { below.end(); done(); },
      destroy(error, done) { below.close(); done(error); },
    });
    below.readTo({
      onData(chunk) {
        const all = Buffer.concat([odd, chunk]);
        const whole = all.length - (all.length % 2);
        odd = all.subarray(whole);
        return inside.push(decode(all.subarray(0, whole)));
      },
      onEnd() { inside.push(null); },
      onDrain() { drained?.(); },
      onClose() { if (!inside.readableEnded) inside.push(null); },
    });
    return inside;
  };
  const datagrams = {
    unwrap: (octets) => {
      if (octets[0] === 7) throw new Error('a datagram of 7');
      return octets.length % 2 === 0 ? decode(octets) : undefined;
    },
    wrap: (octets) => (octets.at(-1) === 0x21 ? undefined : encode(octets)),
  };
  export function activate({ registries }) {
    registries.authenticationMethods.register({
      id: 'twice', code: 0x80, strength: 100, available: () => true,
      async authenticate({ read, write }) {
        const what = String.fromCharCode(await read((input) => input.length > 0 ? { value: input[0], length: 1 } : undefined));
        if (what === 'l') { write(Uint8Array.of(1)); await new Promise((resolve) => { globalThis.letIn = resolve; }); }
        else write(Uint8Array.of(0));
        const wrap = { t: (below) => new Inside(below), s: stream, l: (below) => new Inside(below),
          x: () => { throw new Error('not today'); }, n: () => 'nothing',
          h: () => new Promise(() => {}), d: async (below) => new Inside(below) }[what];
        const encapsulation = { wrap, dispose() { globalThis.given.push(what); },
          ...(what === 't' && { datagrams }) };
        return { user: 'both', encapsulation };
      },
    });
  }`;

declare global {
  var given: string[] | undefined;
  var letIn: (() => void) | undefined;
}

/** What has been given back, by the octets of {@link code}. */
function givenBack(): string[] {
  globalThis.given ??= [];
  return globalThis.given;
}

const twice = (...parts: (number | string | Uint8Array)[]) =>
  Buffer.from([...bytes(...parts)].flatMap((octet) => [octet, 255 - octet]));
const untwice = (octets: Buffer) => {
  const plain = octets.filter((_, i) => i % 2 === 0);
  assert.deepEqual(octets, twice(plain));
  return Buffer.from(plain);
};

/** A server with the method, and its clients. */
async function serveTwice(t: TestContext, options = {}) {
  const folder = extension(t, contributing({ authenticationMethods: ['twice'] }), code);
  const started = await startServer(t, { extensions: [folder], ...options });
  givenBack().length = 0;
  const open = async (what: string) => {
    const client = await Client.connect(t, started.port);
    client.send(5, 1, 0x80, what);
    assert.deepEqual(await client.read(2), bytes(5, 0x80));
    return client;
  };
  return { ...started, open };
}

async function ask(client: Client, command: number, host: string, port: number) {
  client.send(twice(5, command, 0, address(host, port)));
  return reply(client);
}

async function reply(client: Client) {
  const octets = untwice(await client.read(20));
  return { reply: octets[1], host: octets.subarray(4, 8).join('.'), port: octets.readUInt16BE(8) };
}

for (const [what, kind] of [
  ['t', 'a transport'],
  ['s', 'a stream'],
  ['d', 'a transport that comes later'],
] as const) {
  test(`request, replies and data of both ways are inside of ${kind}`, async (t) => {
    const { open, event } = await serveTwice(t);
    const { port, peer } = await peerServer(t);
    const client = await open(what);
    assert.deepEqual(await client.read(1), bytes(0));
    const { reply } = await ask(client, 1, '127.0.0.1', port);
    assert.equal(reply, 0);
    const remote = await peer;
    client.send(twice('ping'));
    client.socket.end();
    assert.equal((await remote.readAll()).toString(), 'ping', 'and the end');
    remote.send('pong!', Buffer.alloc(300_000, 'x')).socket.end();
    assert.equal(untwice(await client.readAll()).toString(), `pong!${'x'.repeat(300_000)}`);
    const { up, down, reason, user } = await event('closed');
    assert.deepEqual([up, down, reason, user], [4, 300_005, 'finished', 'both'], 'plain octets');
    assert.deepEqual(givenBack(), [what]);
  });

  test(`all that comes at once is inside of ${kind}`, async (t) => {
    const { port } = await serveTwice(t);
    const echo = await echoServer(t);
    const client = await Client.connect(t, port);
    client.send(5, 1, 0x80, what, twice(5, 1, 0, address('127.0.0.1', echo), 'early'));
    const all = await client.read(3 + 2 * 15);
    assert.equal(untwice(all.subarray(3)).subarray(10).toString(), 'early');
  });

  test(`BIND answers twice inside of ${kind}`, async (t) => {
    const { open } = await serveTwice(t, { bind: ['127.0.0.1'] });
    const client = await open(what);
    await client.read(1);
    const first = await ask(client, 2, '0.0.0.0', 0);
    const peer = await Client.connect(t, first.port);
    assert.equal((await reply(client)).port, peer.socket.localPort);
    peer.send('hello').socket.end();
    assert.equal(untwice(await client.readAll()).toString(), 'hello');
  });

  test(`a refusal is told inside of ${kind}`, async (t) => {
    const { open } = await serveTwice(t, { request: ['!all'] });
    const client = await open(what);
    await client.read(1);
    assert.equal((await ask(client, 1, '127.0.0.1', 1)).reply, 2);
    assert.deepEqual(await client.readAll(), Buffer.alloc(0));
    await client.socket.end();
  });

  test(`a cut is a cut inside of ${kind}`, { skip: wine('reset') }, async (t) => {
    const { open, event } = await serveTwice(t);
    const { port, peer } = await peerServer(t);
    const client = await open(what);
    await client.read(1);
    await ask(client, 1, '127.0.0.1', port);
    await (await peer).reset();
    await client.closed();
    assert.equal(client.error?.code, 'ECONNRESET');
    assert.equal((await event('closed')).reason, 'remote-reset');
    assert.deepEqual(givenBack(), [what]);
  });

  test(`what is not right ends a connection inside of ${kind} alone`, {
    skip: wine('reset'),
  }, async (t) => {
    const { open, event } = await serveTwice(t);
    const echo = await echoServer(t);
    const [client, other] = [await open(what), await open(what)];
    for (const one of [client, other]) {
      await one.read(1);
      assert.equal((await ask(one, 1, '127.0.0.1', echo)).reply, 0);
    }
    client.send(1, 1);
    await client.closed();
    assert.equal(client.error?.code, 'ECONNRESET');
    const warning = await event('warning');
    assert.match(warning.message, /the extension "ext".*octets do not fit/);
    await event('closed');
    assert.equal(untwice(await other.send(twice('on')).read(4)).toString(), 'on');
  });
}

test('datagrams have the form of the method', async (t) => {
  const { open, event } = await serveTwice(t);
  const echo = await UdpPeer.echo(t);
  const client = await open('t');
  await client.read(1);
  const { port } = await ask(client, 3, '0.0.0.0', 0);
  const own = await UdpPeer.open(t);
  const datagram = (text: string) => bytes(0, 0, 0, address('127.0.0.1', echo.port), text);
  own.send(datagram('plain, which is not right!'), port);
  own.send(bytes(7, 248, 0, 255), port);
  own.send(bytes(1), port);
  own.send(twice(datagram('not sent back!')), port);
  own.send(twice(datagram('hello')), port);
  const { data } = await own.receive();
  assert.deepEqual(untwice(data), datagram('hello'));
  client.socket.end();
  const { up, down, dropped } = await event('closed');
  assert.deepEqual([up, down, dropped], ['not sent back!hello'.length, 5, 4]);
  assert.deepEqual(givenBack(), ['t']);
});

test('a method without a form for datagrams gives no association', async (t) => {
  const { open, event } = await serveTwice(t);
  const client = await open('s');
  await client.read(1);
  assert.equal((await ask(client, 3, '0.0.0.0', 0)).reply, 7);
  assert.match((await event('rejected')).detail, /no form for datagrams/);
});

test('a method that fails when it wraps lets nobody in', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  const { open, event, server } = await serveTwice(t, { handshakeTimeout: 0.3 });
  for (const [what, problem] of [
    ['x', /not today/],
    ['n', /not a connection/],
  ] as const) {
    const client = await open(what);
    client.socket.end();
    await client.readAll();
    const { id } = await event('rejected', ({ detail }) => problem.test(detail));
    await event('closed', (closed) => closed.id === id);
  }
  const client = await open('h');
  await client.read(1);
  const closed = event('closed', ({ reason }) => reason === 'handshake-timeout');
  await clock.passUntil(Promise.all([client.readAll(), closed]), 300);
  assert.deepEqual(givenBack(), ['x', 'n', 'h']);
  assert.equal(server.connections.length, 0);
});

test('who is let in too late gives back what it would have been put into', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  const { open, event } = await serveTwice(t, { handshakeTimeout: 0.2 });
  const client = await open('l');
  await client.read(1);
  const [{ reason }] = await clock.passUntil(Promise.all([event('closed'), client.readAll()]), 200);
  assert.equal(reason, 'handshake-timeout');
  assert.deepEqual(givenBack(), []);
  const disposed = once(process, 'disposed');
  givenBack().push = (...whats: string[]) => {
    process.emit('disposed' as never, whats as never);
    return 0;
  };
  globalThis.letIn?.();
  assert.deepEqual(await disposed, [['l']]);
});
