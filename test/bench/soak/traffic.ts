import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { OtherData, Peer } from './peer.js';
import { type Plan, planOf } from './plan.js';
import { Random } from './random.js';

/** How long one connection may take, ms. */
const DEADLINE = 120_000;
/** Octets of the answers to greeting and request. */
const ANSWER = 12;

/** Clients and their destination, both in this process, around a proxy. */
export class Traffic {
  /** Connections that have ended, how many of them by a reset, and how many gave up early. */
  readonly count = { connections: 0, resets: 0, early: 0, bytes: 0 };
  active = 0;
  /** What was lost or corrupted. */
  readonly faults: string[] = [];
  readonly #seed: number;
  readonly #proxy: number;
  readonly #server: Server;
  readonly #waiting = new Map<number, (target: Peer | undefined) => void>();
  #next = 0;

  private constructor(seed: number, proxy: number, server: Server) {
    this.#seed = seed;
    this.#proxy = proxy;
    this.#server = server;
    server.on('connection', (socket) => this.#accept(socket).catch(() => socket.destroy()));
  }

  static async start(seed: number, proxy: number): Promise<Traffic> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Traffic(seed, proxy, server);
  }

  /** Takes no more connections. */
  stop(): void {
    this.#server.close();
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
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
  }

  /** @returns what was wrong. */
  async #connection(plan: Plan): Promise<string | undefined> {
    const { port } = this.#server.address() as AddressInfo;
    const socket = connect({ port: this.#proxy, host: '127.0.0.1', allowHalfOpen: true });
    const handshake = Buffer.of(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff);
    if (plan.givesUp !== undefined) return this.#giveUp(socket, handshake, plan.givesUp);

    const accepted = new Promise<Peer | undefined>((resolve) => {
      this.#waiting.set(plan.id, resolve);
    });
    const number = Buffer.alloc(4);
    number.writeUInt32BE(plan.id);
    // Every other client does not wait for the answer before it sends its first bytes.
    socket.write(plan.id % 2 === 0 ? Buffer.concat([handshake, number]) : handshake);
    const answer = await readExactly(socket, ANSWER);
    if (answer[1] !== 0 || answer[3] !== 0) return `answer ${answer.toString('hex')}`;
    if (plan.id % 2 !== 0) socket.write(number);
    const client = new Peer(socket, plan.client, plan.target, new Random(plan.id * 2));
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

  /** A client that goes away in the handshake: by a reset or, every other time, by an end. */
  async #giveUp(socket: Socket, handshake: Buffer, after: number): Promise<undefined> {
    this.count.early++;
    socket.on('error', () => {});
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    socket.write(handshake.subarray(0, after));
    await sleep(after * 5);
    if (after % 2 === 0) socket.resetAndDestroy();
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
    socket.on('data', take).on('end', fail).on('close', fail).on('error', fail);
  });
}
