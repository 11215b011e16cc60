import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { ask, Origins } from './exchanges.js';
import { OtherData, Peer } from './peer.js';
import { type Plan, planOf } from './plan.js';
import { Random } from './random.js';

/** How long one connection may take, ms. */
const DEADLINE = 120_000;
/** What clients speak, one after the other. */
const DIALECTS = ['socks5', 'connect', 'socks5', 'requests', 'socks5'] as const;
/** Octets of the answers to greeting and request. */
const ANSWER = 12;

/** Clients and their destination, both in this process, around a proxy. */
export class Traffic {
  /**
   * Connections that have ended, how many of them over TLS, by a tunnel of HTTP, by a reset, and given
   * up early; and requests that were forwarded.
   */
  readonly count = {
    connections: 0,
    tls: 0,
    tunnels: 0,
    requests: 0,
    resets: 0,
    early: 0,
    bytes: 0,
  };
  active = 0;
  /** What was lost or corrupted. */
  readonly faults: string[] = [];
  readonly #origins: Origins;
  readonly #seed: number;
  readonly #proxy: number;
  /** Where the proxy speaks TLS, if it does: every third client comes there. */
  readonly #tls: number | undefined;
  readonly #server: Server;
  readonly #waiting = new Map<number, (target: Peer | undefined) => void>();
  #next = 0;

  private constructor(
    seed: number,
    proxy: number,
    tls: number | undefined,
    server: Server,
    origins: Origins,
  ) {
    this.#seed = seed;
    this.#proxy = proxy;
    this.#tls = tls;
    this.#server = server;
    this.#origins = origins;
    server.on('connection', (socket) => this.#accept(socket).catch(() => socket.destroy()));
  }

  /** @param tls the port at which the proxy speaks TLS, if it does. */
  static async start(seed: number, proxy: number, tls?: number): Promise<Traffic> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Traffic(seed, proxy, tls, server, await Origins.start(seed));
  }

  /** Takes no more connections. */
  stop(): void {
    this.#server.close();
    this.#origins.stop();
  }

  /** Has so many clients at once make connection after connection for a time, ms. */
  async run(clients: number, milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    const client = async () => {
      while (performance.now() < end && this.faults.length < 10) {
        const plan = planOf(this.#seed, this.#next++);
        this.active++;
        const fault = await this.#connection(plan).catch((error: Error) => error.message);
        this.active--;
        this.count.connections++;
        if (fault !== undefined) this.faults.push(`${fault}: ${JSON.stringify(plan)}`);
        this.faults.push(...this.#origins.faults.splice(0));
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
  }

  /** @returns what was wrong. */
  async #connection(plan: Plan): Promise<string | undefined> {
    const { port } = this.#server.address() as AddressInfo;
    const speaks = DIALECTS[plan.id % DIALECTS.length];
    if (speaks === 'requests' && plan.givesUp === undefined) return this.#requests(plan);
    // Half of those that give up early do it where there should be TLS.
    const { socket, tcp } = this.#connect(plan, plan.givesUp === undefined || plan.id % 2 === 0);
    const host = `127.0.0.1:${port}`;
    const handshake =
      speaks === 'socks5'
        ? Buffer.of(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff)
        : Buffer.from(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    if (plan.givesUp !== undefined) return this.#giveUp(socket, tcp, handshake, plan.givesUp);

    const accepted = new Promise<Peer | undefined>((resolve) => {
      this.#waiting.set(plan.id, resolve);
    });
    const number = Buffer.alloc(4);
    number.writeUInt32BE(plan.id);
    // Every other client does not wait for the answer before it sends its first bytes.
    socket.write(plan.id % 2 === 0 ? Buffer.concat([handshake, number]) : handshake);
    const refusal = await (speaks === 'socks5' ? readReplies(socket) : readHead(socket));
    if (refusal !== undefined) {
      socket.destroy();
      return refusal;
    }
    if (speaks !== 'socks5') this.count.tunnels++;
    if (plan.id % 2 !== 0) socket.write(number);
    const client = new Peer(socket, plan.client, plan.target, new Random(plan.id * 2), tcp);
    client.closed.then(() => sleep(5000)).then(() => this.#waiting.get(plan.id)?.(undefined));

    const target = await accepted;
    this.#waiting.delete(plan.id);
    const bothClosed = Promise.all([client.closed, target?.closed]);
    const timeout = new AbortController();
    const late = sleep(DEADLINE, 'late', { signal: timeout.signal });
    late.catch(() => {});
    const outcome = await Promise.race([bothClosed, late]);
    timeout.abort();
    this.count.bytes += client.received + (target?.received ?? 0);
    if (outcome === 'late') {
      socket.destroy();
      const got = `client got ${client.received}, target ${target?.received}`;
      return `not closed after ${DEADLINE / 1000} s (${got})`;
    }
    if (client.reset || target?.reset === true) {
      this.count.resets++;
      const error = [client.error, target?.error].find((one) => one instanceof OtherData);
      return error?.message;
    }
    if (target === undefined) return 'the destination was not reached';
    const [near, far] = [client.fault(), target.fault()];
    return near || far ? `client: ${near ?? 'well'}, target: ${far ?? 'well'}` : undefined;
  }

  /** Connects to the proxy. @param mayBeSecure whether it speaks TLS where the proxy does. */
  #connect(plan: Plan, mayBeSecure = true): { readonly socket: Socket; readonly tcp: Socket } {
    const overTls = this.#tls !== undefined && plan.id % 3 === 0;
    const proxy = overTls ? this.#tls : this.#proxy;
    const tcp = connect({ port: proxy ?? 0, host: '127.0.0.1', allowHalfOpen: true });
    if (!overTls || !mayBeSecure) return { socket: tcp, tcp };
    this.count.tls++;
    return { socket: connectTls({ socket: tcp, rejectUnauthorized: false }), tcp };
  }

  /** A client that has requests forwarded. @returns what was wrong. */
  async #requests(plan: Plan): Promise<string | undefined> {
    const sockets: Socket[] = [];
    const connect = () => {
      const { socket } = this.#connect(plan);
      sockets.push(socket);
      return socket;
    };
    const timeout = new AbortController();
    const late = sleep(DEADLINE, undefined, { signal: timeout.signal });
    late.catch(() => {});
    const asked = ask(this.#seed, plan.id, this.#origins, connect);
    const outcome = await Promise.race([asked, late]);
    timeout.abort();
    if (outcome === undefined) {
      for (const socket of sockets) socket.destroy();
      return `no response after ${DEADLINE / 1000} s`;
    }
    this.count.requests += outcome.requests;
    this.count.resets += outcome.resets;
    this.count.bytes += outcome.bytes;
    return outcome.fault;
  }

  /** A client that goes away in the handshake: by a reset or, every other time, by an end. */
  async #giveUp(socket: Socket, tcp: Socket, handshake: Buffer, after: number): Promise<undefined> {
    this.count.early++;
    socket.on('error', () => {});
    tcp.on('error', () => {});
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    socket.write(handshake.subarray(0, after));
    await sleep(after * 5);
    if (after % 2 === 0) tcp.resetAndDestroy();
    else socket.end();
    await closed;
  }

  async #accept(socket: Socket): Promise<void> {
    socket.on('error', () => {});
    const number = await readExactly(socket, 4);
    const plan = planOf(this.#seed, number.readUInt32BE());
    const peer = new Peer(socket, plan.target, plan.client, new Random(plan.id * 2 + 1));
    this.#waiting.get(plan.id)?.(peer);
  }
}

/** Reads the answers of SOCKS 5. @returns what is wrong with them. */
async function readReplies(socket: Socket): Promise<string | undefined> {
  const answer = await readExactly(socket, ANSWER);
  return answer[1] === 0 && answer[3] === 0 ? undefined : `answer ${answer.toString('hex')}`;
}

/** Reads the head that answers CONNECT, and no more. @returns what is wrong with it. */
async function readHead(socket: Socket): Promise<string | undefined> {
  let head = '';
  while (!head.endsWith('\r\n\r\n')) head += (await readExactly(socket, 1)).toString('latin1');
  return head.startsWith('HTTP/1.1 200 ') ? undefined : `answer ${JSON.stringify(head)}`;
}

/** Reads so many bytes; what follows waits in the socket, which is paused. */
function readExactly(socket: Socket, length: number): Promise<Buffer> {
  let got = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const fail = (error?: Error) => reject(error ?? new Error('ended in the handshake'));
    const take = (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < length) return;
      socket.off('data', take).off('end', fail).off('close', fail).off('error', fail).pause();
      if (got.length > length) socket.unshift(got.subarray(length));
      resolve(got.subarray(0, length));
    };
    socket.on('data', take).on('end', fail).on('close', fail).on('error', fail).resume();
  });
}
