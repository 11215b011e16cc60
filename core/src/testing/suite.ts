import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { monotonic } from '../base/clock.js';
import type { ServerOptions } from '../config/settings.js';
import type { ServerEvent } from '../log/events.js';
import { type ConnectOptions, TestServer } from './testserver.js';

/** What a suite needs of a test of `node:test`: `t`. */
export interface SuiteContext {
  test(name: string, run: () => Promise<void>): Promise<void>;
}

/** What all suites are given. */
export interface SuiteOptions {
  /** Those of the server, such as `extensions: [folder]`, `settings` and `auth`. */
  readonly server: ServerOptions;
  /** How clients log in, where the server asks for it. */
  readonly client?: ConnectOptions;
  /** What must appear in no event and no message, besides the passwords that the suite knows. */
  readonly secrets?: readonly string[];
  /** Options of a server whose extension cannot do its work: its server is away, its file gone. */
  readonly broken?: ServerOptions;
}

/** How long a server has for what takes it moments, ms. */
export const PATIENCE = 10_000;

/** What fails in a suite, in a sentence that says what was expected. */
export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** @throws {Error} if something is not there in time. */
export async function within<T>(promise: Promise<T>, what: string, time = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} has taken longer than ${time} ms`)), time);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A server on 127.0.0.1 that the connections of a test lead to. */
export class Destination {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly sockets = new Set<Socket>();
  readonly #server: NetServer;

  private constructor(server: NetServer) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @param serve what is done with a connection: its data is sent back if it is left out. */
  static async start(
    serve: (socket: Socket) => void = (socket) => socket.pipe(socket),
  ): Promise<Destination> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const destination = new Destination(server);
    server.on('connection', (socket) => {
      destination.sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => destination.sockets.delete(socket));
      serve(socket);
    });
    return destination;
  }

  /** A port of 127.0.0.1 at which nobody listens. */
  static async refusing(): Promise<{ readonly host: string; readonly port: number }> {
    const one = await Destination.start();
    await one.close();
    return { host: one.host, port: one.port };
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/**
 * Runs a part of a suite with a server, which is closed afterwards: in time, and without one of the
 * secrets in what it has told.
 */
export async function withServer(
  options: ServerOptions,
  secrets: readonly string[],
  run: (proxy: TestServer) => Promise<void>,
): Promise<void> {
  const proxy = await TestServer.start(options);
  try {
    await run(proxy);
  } finally {
    await within(proxy.close(), 'ending the server');
  }
  const told = JSON.stringify(proxy.events);
  for (const [i, secret] of secrets.entries()) {
    if (secret === '') continue;
    const isTold = told.includes(JSON.stringify(secret).slice(1, -1));
    expect(!isTold, `secret ${i + 1} stands in an event or a message of the server`);
  }
}

/** What the server tells of what an extension has done wrong. */
const TROUBLE = /^the [a-z ]+ ".*" (failed|let an error escape|is switched off)/;

/** What the server has told of an extension that does not do what it should. */
export function troubles({ events }: TestServer): string[] {
  return messages(events, TROUBLE);
}

/** What the server has told of an extension that held the event loop. */
export function holdings({ events }: TestServer): string[] {
  return messages(events, /held the event loop/);
}

function messages(events: readonly ServerEvent[], pattern: RegExp): string[] {
  return events.flatMap((event) =>
    event.type === 'warning' && pattern.test(event.message) ? [event.message] : [],
  );
}

/** Sends data and takes it back, which the destination sends back. */
export async function echo(socket: Socket, text: string): Promise<void> {
  socket.write(text);
  let got = '';
  while (got.length < text.length) {
    const chunk: Buffer | null = socket.read();
    if (chunk !== null) got += chunk.toString('latin1');
    else await within(once(socket, 'readable'), 'the answer of the destination');
  }
  expect(got === text, `expected "${text}" back, not "${got}"`);
}

/** All that comes until the other side has finished. */
export function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => resolve(Buffer.concat(chunks)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was cut')));
  });
}

/** How long something takes, ms. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = monotonic();
  await run();
  return monotonic() - start;
}

/** The second smallest time: pauses of the machine are in longer ones, and luck in the smallest. */
export function usualTime(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[1] ?? sorted[0] ?? 0;
}
