import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { codeOf, systemMessage, UserError } from '../base/errors.js';
import { parseControlPlace } from '../config/controlplace.js';
import { readToken } from './token.js';

/** How long a server has to begin an answer, ms: a reload may activate extensions meanwhile. */
const ANSWER_TIME = 120_000;
/** Octets of an answer at most. */
const MAX_ANSWER = 64 * 1024 * 1024;

/** Nobody answers where a server was expected. */
export class NoServer extends UserError {}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Asks a server by its control interface. */
export class ControlClient {
  readonly #place: string;
  readonly #target:
    | { readonly socketPath: string }
    | { readonly host: string; readonly port: number };
  readonly #token: string | undefined;

  /**
   * @param place `unix:PATH` or `127.0.0.1:PORT`.
   * @param tokenFile the file that has the token of a TCP port.
   * @throws {UserError} if there can be no such place, or the token cannot be read.
   */
  constructor(place: string, tokenFile?: string) {
    const { path, address } = parseControlPlace(place);
    this.#place = place;
    this.#target = address === undefined ? { socketPath: path } : address;
    this.#token =
      address === undefined || tokenFile === undefined ? undefined : readToken(tokenFile);
  }

  /** @throws {UserError} what the server says, or that there is none. */
  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#json('GET', path, query, undefined);
  }

  /** @throws {UserError} what the server says, or that there is none. */
  post<T>(path: string, body: object = {}): Promise<T> {
    return this.#json('POST', path, {}, body);
  }

  /** @throws {UserError} what the server says, or that there is none. */
  put<T>(path: string, body: object): Promise<T> {
    return this.#json('PUT', path, {}, body);
  }

  /**
   * Reads what goes on: each line is an object.
   *
   * @throws {UserError} what the server says, or that there is none.
   */
  async *lines(path: string, query: Query = {}): AsyncGenerator<Readonly<Record<string, unknown>>> {
    const response = await this.#ask('GET', path, query, undefined);
    if (response.statusCode !== 200) throw await failureOf(response);
    try {
      for await (const line of createInterface({ input: response })) {
        if (line !== '') yield JSON.parse(line);
      }
    } catch (error) {
      // The server's end is that of the stream, whatever way it comes.
      if (codeOf(error) !== 'ECONNRESET') throw error;
    }
  }

  async #json<T>(method: string, path: string, query: Query, body: object | undefined): Promise<T> {
    const response = await this.#ask(method, path, query, body);
    if (response.statusCode !== 200) throw await failureOf(response);
    return JSON.parse(await textOf(response)) as T;
  }

  #ask(
    method: string,
    path: string,
    query: Query,
    body: object | undefined,
  ): Promise<IncomingMessage> {
    const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
    };
    const options = { ...this.#target, method, path: `${path}${search}`, headers, agent: false };
    return new Promise((resolve, reject) => {
      const asked = request(options, resolve);
      asked.setTimeout(ANSWER_TIME, () => asked.destroy(new Error('it does not answer')));
      asked.once('response', () => asked.setTimeout(0));
      asked.on('error', (error) => {
        const isNone = ['ENOENT', 'ECONNREFUSED'].includes(codeOf(error) ?? '');
        const hint = isNone ? '; a server listens there that is started with --control' : '';
        const message = `no server answers at ${this.#place}: ${systemMessage(error)}${hint}`;
        reject(new NoServer(message));
      });
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > MAX_ANSWER) throw new UserError('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function failureOf(response: IncomingMessage): Promise<UserError> {
  const text = await textOf(response);
  try {
    const { error } = JSON.parse(text) as { error: { message: string } };
    return new UserError(error.message);
  } catch {
    return new UserError(`the server answers with status ${response.statusCode}`);
  }
}
