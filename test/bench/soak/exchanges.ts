import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingMessage,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { OtherData } from './peer.js';
import { expected, type Part, type Plan, planOf } from './plan.js';
import { Random } from './random.js';

/** Requests of one client at most, one after the other. */
const MOST = 4;
/** How far the plans of a client's later requests are from its first one's. */
const STEP = 1_000_003;
/** Longest pause of a writer or a slow reader, ms. */
const PAUSE = 40;

/** What came ends before its end. */
class EarlyEnd extends OtherData {}

/** A request and its response, as both ends know them by the plan of a number. */
interface Exchange {
  readonly plan: Plan;
  /** The request's body, and whether it has one at all. */
  readonly up: Part;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly isChunked: boolean;
  readonly expects: boolean;
  /** The response's body, and where it ends. */
  readonly down: Part;
  readonly ends: 'by-length' | 'in-chunks' | 'by-close';
  /** Whether the origin answers before it has the request's body. */
  readonly answersEarly: boolean;
}

function exchangeOf(seed: number, id: number): Exchange {
  const plan = planOf(seed, id);
  const random = new Random(id ^ 0x5bd1e995);
  const up = plan.client;
  const method = up.size > 0 ? 'POST' : random.chance(0.2) ? 'HEAD' : 'GET';
  const isChunked = random.chance(0.5);
  const expects = up.size > 0 && random.chance(0.2);
  const ends = (['by-length', 'in-chunks', 'by-close'] as const)[random.below(3)] ?? 'by-length';
  const down = plan.target;
  return {
    plan,
    up,
    method,
    isChunked,
    expects,
    down,
    ends,
    answersEarly: !down.waits && down.size > 0,
  };
}

/** Reads a body and compares each byte. @throws if there are others, or not as many. */
async function readBody(message: IncomingMessage, part: Part, random: Random, slow: boolean) {
  let received = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    for (let done = 0; done < chunk.length; ) {
      const want = expected(part, received, chunk.length - done);
      if (received >= part.size || !want.equals(chunk.subarray(done, done + want.length))) {
        throw new OtherData(`other data near byte ${received} of a body`);
      }
      received += want.length;
      done += want.length;
    }
    if (slow && random.chance(0.1)) await sleep(random.below(PAUSE));
  }
  if (received !== part.size) {
    throw new EarlyEnd(`a body ends after ${received} of ${part.size} bytes`);
  }
}

/** Waits until more may be written, or the message is over. */
function untilWritten(message: OutgoingMessage): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      message.off('drain', go).off('close', go);
      resolve();
    };
    message.on('drain', go).on('close', go);
  });
}

/**
 * Writes a body.
 *
 * @param last what its last bytes wait for.
 * @param reset called where its end resets the connection.
 * @returns whether it was written to its end.
 */
async function writeBody(
  message: OutgoingMessage & { readonly destroyed: boolean },
  { size, chunk, pauses, resetAfter, ...part }: Part,
  random: Random,
  last: Promise<unknown> | undefined,
  reset: () => unknown,
): Promise<boolean> {
  for (let sent = 0; sent < size; ) {
    const length = Math.min(1 + random.below(chunk), size - sent);
    if (sent + length >= size) await last;
    const bytes = expected({ size, chunk, pauses, resetAfter, ...part }, sent, length);
    if (message.destroyed) return false;
    sent += bytes.length;
    if (!message.write(bytes)) await untilWritten(message);
    if (resetAfter !== undefined && sent > resetAfter) {
      await reset();
      return false;
    }
    if (random.chance(pauses)) await sleep(random.below(PAUSE));
  }
  return !message.destroyed;
}

/** Node resets only once all is written: before that it would end the connection in peace. */
async function resetWhenWritten(socket: Socket): Promise<void> {
  while (socket.writableLength > 0 && !socket.destroyed) await sleep(1);
  socket.resetAndDestroy();
}

/** Two web servers, so that one client asks several hosts. */
export class Origins {
  /** What came to them wrongly. */
  readonly faults: string[] = [];
  bytes = 0;
  readonly #seed: number;
  readonly #servers: readonly Server[];

  private constructor(seed: number, servers: readonly Server[]) {
    this.#seed = seed;
    this.#servers = servers;
    for (const server of servers) {
      const answer = (request: IncomingMessage, response: ServerResponse) => {
        this.#answer(request, response).catch((error: Error) => {
          if (error instanceof OtherData)
            this.faults.push(`origin, ${request.url}: ${error.message}`);
          response.destroy();
        });
      };
      // A client that says nothing for a while is no fault.
      server.keepAliveTimeout = server.requestTimeout = server.headersTimeout = 0;
      server.on('request', answer);
    }
  }

  static async start(seed: number): Promise<Origins> {
    const servers = [createServer(), createServer()];
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
    return new Origins(seed, servers);
  }

  port(n: number): number {
    const server = this.#servers[n % this.#servers.length] as Server;
    return (server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const server of this.#servers) server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => {});
    response.on('error', () => {});
    const exchange = exchangeOf(this.#seed, Number(request.url?.slice(1)));
    const { up, down, ends, method, answersEarly, plan } = exchange;
    const random = new Random(plan.id * 2 + 1);
    const reading = readBody(request, up, random, down.slow);
    reading.catch(() => {});
    if (!answersEarly) await reading;
    if (ends === 'by-length') response.setHeader('content-length', down.size);
    if (ends === 'by-close') {
      response.useChunkedEncodingByDefault = false;
      response.setHeader('connection', 'close');
    }
    response.flushHeaders();
    const reset = () => resetWhenWritten(request.socket);
    // Node's client is stuck with a body of which the rest is sent after the response.
    const isWhole = method === 'HEAD' || (await writeBody(response, down, random, reading, reset));
    await reading;
    if (isWhole) response.end();
  }
}

/** What a client that speaks HTTP has found. */
export interface Asked {
  readonly fault: string | undefined;
  readonly requests: number;
  readonly resets: number;
  readonly bytes: number;
}

/**
 * A client that makes requests one after the other, of several hosts, on one connection as long as
 * that is open.
 *
 * @param connect makes a connection to the proxy, on which HTTP is spoken.
 */
export async function ask(
  seed: number,
  id: number,
  origins: Origins,
  connect: () => Socket,
): Promise<Asked> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = connect as Agent['createConnection'];
  const count = 1 + new Random(id).below(MOST);
  let [requests, resets, bytes] = [0, 0, 0];
  try {
    for (let n = 0; n < count; n++) {
      const exchange = exchangeOf(seed, id + n * STEP);
      const host = `127.0.0.1:${origins.port(id + n)}`;
      const path = `http://${host}/${exchange.plan.id}`;
      const outcome = await exchangeBy({ agent, path, headers: { host } }, exchange);
      requests++;
      bytes += exchange.up.size + exchange.down.size;
      if (outcome === 'reset') resets++;
      else if (outcome !== undefined) {
        return { fault: `request ${n}: ${outcome}`, requests, resets, bytes };
      }
    }
    return { fault: undefined, requests, resets, bytes };
  } finally {
    agent.destroy();
  }
}

/** @returns what was wrong, or `reset` if either end has reset the connection, as it was to. */
async function exchangeBy(
  how: RequestOptions,
  { up, down, method, isChunked, expects, plan, ends }: Exchange,
): Promise<string | undefined> {
  const framing = isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': up.size };
  const body = up.size > 0 ? framing : {};
  const more = expects ? { expect: '100-continue' } : {};
  const headers = { ...(how.headers as Record<string, string>), ...body, ...more };
  const request = httpRequest({ ...how, method, headers });
  const random = new Random(plan.id * 2);
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).on('error', reject);
    request.once('close', () => reject(new Error('closed without a response')));
  });
  response.catch(() => {});
  let isOver = false;
  try {
    if (expects) await untilContinue(request);
    const reset = () => {
      isOver = true;
      request.destroy();
    };
    const writing = writeBody(request, up, random, undefined, reset).then((isWhole) => {
      if (isWhole) request.end();
    });
    const message = await response;
    if (message.statusCode !== 200) throw new OtherData(`status ${message.statusCode}`);
    const wanted = method === 'HEAD' ? { ...down, size: 0 } : down;
    await readBody(message, wanted, random, up.slow);
    await writing;
    return undefined;
  } catch (error) {
    request.destroy();
    // Node's client takes some resets for an end (libuv tells that first).
    const isEnd = error instanceof EarlyEnd && ends === 'by-close' && down.resetAfter !== undefined;
    const wasDue = isOver || down.resetAfter !== undefined || up.resetAfter !== undefined;
    const { message } = error as Error;
    return isEnd || (wasDue && !(error instanceof OtherData)) ? 'reset' : message;
  }
}

/** A response without a word before is none to wait for. */
function untilContinue(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    request.once('continue', resolve).once('response', resolve).once('close', resolve);
    request.flushHeaders();
  });
}
