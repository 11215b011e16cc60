// Very many clients that have a tunnel each and keep it: it makes them, and has some of them say
// something, as the parent asks.
import { connect, type Socket } from 'node:net';
import { type Answer, type Ask, CLIENTS, type ClientsJob, DESTINATIONS } from './job.js';

/** Connections that are made, or woken, at a time. */
const LANES = 128;
/** How long an answer may take, ms. */
const PATIENCE = 60_000;

const job: ClientsJob = JSON.parse(process.argv[2] ?? '{}');
const shared = Buffer.alloc(64 * 1024);
const message = Buffer.alloc(64, 'm');
const tunnels: Tunnel[] = [];

/** A client: it says something, and waits for as many octets as are due. */
class Tunnel {
  readonly #socket: Socket;
  #due = 0;
  #first = -1;
  #settle: ((error?: string) => void) | undefined;

  constructor(number: number) {
    this.#socket = connect({
      host: '127.0.0.1',
      port: job.proxy,
      localAddress: CLIENTS[number % CLIENTS.length] as string,
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length: number) => {
          if (this.#first < 0) this.#first = shared[1] as number;
          this.#due -= length;
          if (this.#due <= 0) this.#settle?.();
          return true;
        },
      },
    });
    this.#socket.on('error', ({ code = 'error' }: NodeJS.ErrnoException) => this.#settle?.(code));
    this.#socket.once('close', () => this.#settle?.('closed'));
  }

  /** @returns the second octet of the answer. @throws {Error} if none comes. */
  async exchange(octets: Uint8Array, due: number): Promise<number> {
    this.#due = due;
    this.#first = -1;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => this.#settle?.('unanswered'), PATIENCE);
      this.#settle = (error) => {
        this.#settle = undefined;
        clearTimeout(late);
        if (error === undefined) resolve();
        else reject(new Error(error));
      };
      this.#socket.write(octets);
    });
    return this.#first;
  }
}

async function open(number: number): Promise<void> {
  const tunnel = new Tunnel(number);
  await tunnel.exchange(Buffer.of(5, 1, 0), 2);
  const port = job.targets[number % job.targets.length] as number;
  const address = DESTINATIONS[Math.floor(number / 7) % DESTINATIONS.length] as readonly number[];
  const request = Buffer.of(5, 1, 0, 1, ...address, port >> 8, port & 0xff);
  const reply = await tunnel.exchange(request, 10);
  if (reply !== 0) throw new Error(`reply ${reply}`);
  await tunnel.exchange(message, message.length);
  tunnels.push(tunnel);
}

/** Does something so many times, some at a time. */
async function each(
  count: number,
  lanes: number,
  action: (number: number) => Promise<unknown>,
): Promise<Answer> {
  const lost: Record<string, number> = {};
  const times: number[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const start = performance.now();
      try {
        await action(next++);
        times.push(Math.round((performance.now() - start) * 1000));
      } catch (error) {
        const { message: why } = error as Error;
        lost[why] = (lost[why] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { done: times.length, times, lost };
}

const ping = (tunnel: Tunnel | undefined) => tunnel?.exchange(message, message.length);

/** Each of them in an order that is none, so that no two lanes have the same at once. */
function atRandom(): (number: number) => Promise<unknown> {
  const order = tunnels
    .map((tunnel) => ({ tunnel, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ tunnel }) => tunnel);
  return async (number) => ping(order[number % order.length]);
}

process.on('message', async (ask: Ask) => {
  const first = job.part * job.count;
  if (ask.type === 'open') process.send?.(await each(job.count, LANES, (i) => open(first + i)));
  else if (ask.type === 'wake') process.send?.(await each(tunnels.length, LANES, atRandom()));
  else process.send?.(await each(ask.count, ask.lanes, atRandom()));
});
process.once('disconnect', () => process.exit());
process.send?.('ready');
