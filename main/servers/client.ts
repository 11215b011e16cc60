import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { systemMessage, UserError } from 'picosocks5';
import * as v from 'valibot';
import { text } from '../words/words.js';
import { errorShape } from './shapes.js';

/** How long an answer may take to begin, and no byte of one that goes on may come, ms. */
const ANSWER_TIME = 20_000;
/** A stream has an empty line every 15 s when nothing else is to be told, ms. */
const SILENCE = 45_000;
/** Octets of an answer, and of a line of a stream, at most. */
const MAX_ANSWER = 16 * 1024 * 1024;
const MAX_LINE = 1024 * 1024;

/** The link is of no use any more: it is lost, or the server says what no such server says. */
export class LinkError extends Error {}
/** The server knows another token, or wants one. */
export class TokenError extends UserError {}

export interface ClientOptions {
  /** Connects to the control interface: what is written to the socket gets there. */
  readonly connect: () => Promise<Socket>;
  /** What the server calls itself, as HTTP's Host. */
  readonly host: string;
  readonly token: string | undefined;
}

type Query = Readonly<Record<string, string | number | boolean>>;

class LinkAgent extends Agent {
  readonly #connect: () => Promise<Socket>;

  constructor(connect: () => Promise<Socket>) {
    super({ keepAlive: true, maxSockets: 6, maxFreeSockets: 2 });
    this.#connect = connect;
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, socket: Socket) => void,
  ): undefined {
    const none = undefined as unknown as Socket;
    this.#connect().then(
      (socket) => callback?.(null, socket),
      (error: Error) => callback?.(error, none),
    );
    return undefined;
  }
}

/** Asks a server by its control interface, over a link. What it answers is checked. */
export class RemoteClient {
  readonly #options: ClientOptions;
  readonly #agent: LinkAgent;
  /** What is not answered to the end. */
  readonly #asked = new Set<ClientRequest>();
  /** How far the server's clock is ahead of this computer's, ms; to the second. */
  ahead = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#agent = new LinkAgent(options.connect);
  }

  /** @throws {LinkError}, {TokenError}; {UserError} with what the server says. */
  async get<S extends v.GenericSchema>(
    path: string,
    shape: S,
    query: Query = {},
  ): Promise<v.InferOutput<S>> {
    return this.#answer('GET', path, shape, query);
  }

  /** @throws as `get()` does. */
  async post<S extends v.GenericSchema>(
    path: string,
    shape: S,
    body: object = {},
  ): Promise<v.InferOutput<S>> {
    return this.#answer('POST', path, shape, {}, body);
  }

  /** @throws as `get()` does. */
  async put<S extends v.GenericSchema>(
    path: string,
    shape: S,
    body: object,
  ): Promise<v.InferOutput<S>> {
    return this.#answer('PUT', path, shape, {}, body);
  }

  /**
   * Opens a stream of lines of JSON. They are read only as fast as they are taken.
   *
   * @returns once it has begun.
   * @throws as `get()` does; the lines do so when it ends.
   */
  async open(path: string, query: Query, signal: AbortSignal): Promise<AsyncGenerator<unknown>> {
    const response = await this.#ask('GET', path, query, undefined);
    if (response.statusCode !== 200) throw await this.#failure(response);
    response.socket.setTimeout(SILENCE);
    const end = () => response.destroy();
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    return linesOf(response);
  }

  /** Ends what waits for an answer, and for its turn. */
  close(): void {
    for (const asked of this.#asked) asked.destroy(new LinkError(text('servers.ended')));
    this.#agent.destroy();
  }

  async #answer<S extends v.GenericSchema>(
    method: string,
    path: string,
    shape: S,
    query: Query,
    body?: object,
  ): Promise<v.InferOutput<S>> {
    const response = await this.#ask(method, path, query, body);
    if (response.statusCode !== 200) throw await this.#failure(response);
    const value = parsed(await bodyOf(response));
    const checked = v.safeParse(shape, value);
    if (!checked.success) throw stranger(path);
    return checked.output;
  }

  #ask(
    method: string,
    path: string,
    query: Query,
    body: object | undefined,
  ): Promise<IncomingMessage> {
    const { host, token } = this.#options;
    const given = Object.entries(query).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      host,
      ...(content === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    return new Promise((resolve, reject) => {
      const asked: ClientRequest = request({
        method,
        path: `${path}${search}`,
        headers,
        agent: this.#agent,
      });
      this.#asked.add(asked);
      asked.once('close', () => this.#asked.delete(asked));
      asked.setTimeout(ANSWER_TIME, () => asked.destroy(new Error(text('servers.noAnswer'))));
      // Node tells one that waits for its turn of each connection that cannot be made.
      asked.on('error', (error) => {
        reject(error instanceof UserError || error instanceof LinkError ? error : lostBy(error));
      });
      asked.once('response', (response) => {
        const date = Date.parse(response.headers.date ?? '');
        if (Number.isFinite(date)) this.ahead = date - Date.now();
        response.on('error', () => {});
        resolve(response);
      });
      asked.end(content);
    });
  }

  async #failure(response: IncomingMessage): Promise<Error> {
    const { statusCode } = response;
    const said = v.safeParse(errorShape, parsed(await bodyOf(response).catch(() => '')));
    if (statusCode === 401) return new TokenError(text('servers.wrongToken'));
    if (said.success) return new UserError(said.output.error.message);
    return new LinkError(text('servers.status', { status: String(statusCode) }));
  }
}

/** Why there was no answer, or no more of it. */
function lostBy(error: unknown): LinkError {
  const { code = '' } = error as { readonly code?: string };
  const isEnd = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code);
  return new LinkError(isEnd ? text('servers.ended') : systemMessage(error));
}

function stranger(path: string): LinkError {
  return new LinkError(text('servers.strange', { path }));
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      size += chunk.length;
      if (size > MAX_ANSWER) throw new LinkError(text('servers.tooLong'));
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof LinkError ? error : lostBy(error);
  }
  return Buffer.concat(chunks).toString();
}

/** The lines of a stream that goes on. @throws {LinkError} when it ends, or a line is too long. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<unknown> {
  response.socket.on('timeout', () => response.destroy(new Error(text('servers.silent'))));
  let rest = '';
  try {
    response.setEncoding('utf8');
    for await (const chunk of response) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE) throw new LinkError(text('servers.tooLong'));
      for (const line of lines) if (line !== '') yield parsed(line);
    }
  } catch (error) {
    throw error instanceof LinkError ? error : lostBy(error);
  }
  throw new LinkError(text('servers.ended'));
}
