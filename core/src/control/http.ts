import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { messageOf, UserError } from '../base/errors.js';
import type { Address } from '../protocol/address.js';
import { checkFields, checkQuery, type Fields } from './fields.js';
import type { ControlTls, HttpServer } from './tls.js';
import { isToken } from './token.js';

/** Octets of a request's body at most. */
const MAX_BODY = 64 * 1024;
/** How long a request may take to come, and how long a connection may wait for one, ms. */
const REQUEST_TIME = 10_000;
const IDLE_TIME = 30_000;
/** Connections at once. */
const MAX_CONNECTIONS = 64;

/** What goes on as long as its reader does: lines of JSON. */
export type Stream = (response: ServerResponse) => void;

/** What a request comes to. */
export interface Answer {
  readonly status?: number;
  /** Becomes JSON; or a stream. */
  readonly body: unknown;
  readonly stream?: Stream;
}

/** What a request says, checked. */
export interface Asked {
  /** What stands in the path where the route has `{id}`. */
  readonly id: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What can be asked at a path. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Of which one segment may be `{id}`. */
  readonly path: string;
  readonly query?: Fields;
  /** Of a JSON object; undefined: there is no body. */
  readonly body?: Fields;
  /** Whether it is answered without a token. */
  readonly isOpen?: true;
  answer(asked: Asked): Answer | Promise<Answer>;
}

/** An error with a status of HTTP. */
export class Failure extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  /** @param code says what kind of failure it is, for programs. */
  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** Who may ask. */
export interface Guard {
  /** What has to be known; undefined: whoever can connect may ask. */
  readonly token: string | undefined;
  /** Where the server listens; undefined: at a UNIX socket. */
  readonly address: Address | undefined;
  /** What clients have to speak before HTTP; left out: nothing. */
  readonly tls?: ControlTls | undefined;
}

/** A server of HTTP that answers as routes say, in JSON. */
export function createHttpServer(routes: readonly Route[], guard: Guard): HttpServer {
  const handle: RequestListener = (request, response) => {
    response.on('error', () => {});
    void answer(routes, guard, request, response);
  };
  const options: ServerOptions = {
    headersTimeout: REQUEST_TIME,
    requestTimeout: REQUEST_TIME,
    keepAliveTimeout: IDLE_TIME,
    connectionsCheckingInterval: 2000,
    maxHeaderSize: 16_384,
  };
  const server =
    guard.tls === undefined
      ? createServer(options, handle)
      : createTlsServer(
          { ...options, ...guard.tls.options, handshakeTimeout: REQUEST_TIME },
          handle,
        );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function answer(
  routes: readonly Route[],
  guard: Guard,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { status = 200, body, stream } = await resultOf(routes, guard, request);
    if (stream === undefined) send(response, status, body);
    else {
      response.writeHead(status, { ...HEADERS, 'content-type': 'application/x-ndjson' });
      response.flushHeaders();
      stream(response);
    }
  } catch (error) {
    const failure = failureOf(error);
    const { status, code, message, headers } = failure;
    // What has not come of a body is not waited for.
    const close = request.complete ? {} : { connection: 'close' };
    send(response, status, { error: { code, message } }, { ...headers, ...close });
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof UserError) return new Failure(422, 'refused', error.message);
  return new Failure(500, 'internal', `internal error: ${messageOf(error)}`);
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = `${JSON.stringify(body)}\n`;
  const length = String(Buffer.byteLength(text));
  const type = { 'content-type': 'application/json', 'content-length': length };
  response.writeHead(status, { ...HEADERS, ...type, ...headers }).end(text);
}

async function resultOf(
  routes: readonly Route[],
  guard: Guard,
  request: IncomingMessage,
): Promise<Answer> {
  demandOwnHost(guard, request);
  const { pathname, searchParams } = urlOf(request);
  const found = routes.flatMap((route) => {
    const id = idOf(route.path, pathname);
    return id === undefined ? [] : [{ route, id }];
  });
  const match = found.find(({ route }) => route.method === request.method);
  if (match?.route.isOpen === undefined) demandToken(guard, request);
  if (found.length === 0) {
    throw new Failure(404, 'not-found', `there is nothing at ${JSON.stringify(pathname)}`);
  }
  if (match === undefined) {
    const methods = found.map(({ route }) => route.method).join(', ');
    throw new Failure(405, 'wrong-method', `expected ${methods}`, { allow: methods });
  }
  const { route, id } = match;
  let query: Asked['query'];
  let body: Asked['body'];
  try {
    query = checkQuery(route.query ?? {}, searchParams);
    body = route.body === undefined ? {} : checkFields(route.body, await bodyOf(request));
  } catch (error) {
    throw error instanceof UserError ? new Failure(400, 'wrong-parameter', error.message) : error;
  }
  return route.answer({ id, query, body });
}

function urlOf({ url = '' }: IncomingMessage): URL {
  const malformed = () => new Failure(400, 'malformed', 'the request has no path that makes sense');
  if (!url.startsWith('/')) throw malformed();
  try {
    return new URL(`http://localhost${url}`);
  } catch {
    throw malformed();
  }
}

/** What stands where a path has `{id}`; '' where it has none, undefined if it is another path. */
function idOf(path: string, asked: string): string | undefined {
  const [before = '', after] = path.split('{id}');
  if (after === undefined) return asked === path ? '' : undefined;
  if (!asked.startsWith(before) || !asked.endsWith(after)) return undefined;
  const id = asked.slice(before.length, asked.length - after.length);
  if (id === '' || id.includes('/')) return undefined;
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

/**
 * A page of a browser, whose site's name was made to lead here (DNS rebinding), says so by its Host;
 * one of another site by its Origin.
 */
function demandOwnHost({ address: own, tls }: Guard, { headers }: IncomingMessage): void {
  if (headers.origin !== undefined) {
    throw new Failure(403, 'browser', 'pages of browsers are not answered: there is an Origin');
  }
  // With TLS, it is the certificate that says whose name leads here.
  if (own === undefined || tls !== undefined) return;
  const names = ['localhost', own.host.includes(':') ? `[${own.host}]` : own.host];
  const port = own.port === 80 ? ['', ':80'] : [`:${own.port}`];
  const hosts = names.flatMap((name) => port.map((end) => `${name}${end}`));
  if (hosts.includes(headers.host?.toLowerCase() ?? '')) return;
  throw new Failure(421, 'wrong-host', `expected ${hosts.join(' or ')} as Host`);
}

function demandToken({ token }: Guard, { headers }: IncomingMessage): void {
  if (token === undefined) return;
  const [, given = ''] = /^bearer ([\x21-\x7e]+)$/i.exec(headers.authorization ?? '') ?? [];
  if (isToken(given, token)) return;
  throw new Failure(401, 'no-token', 'expected "Authorization: Bearer TOKEN", with the right one', {
    'www-authenticate': 'Bearer',
  });
}

/** The object that a request's body is: an empty one, if there is none. */
async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  const tooMuch = () =>
    new Failure(413, 'too-much', `expected ${MAX_BODY} octets of a body at most`);
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) throw tooMuch();
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MAX_BODY) throw tooMuch();
    chunks.push(chunk);
  }
  if (size === 0) return {};
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') {
    throw new Failure(415, 'not-json', 'expected a body of application/json');
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Failure(400, 'malformed', 'the body is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failure(400, 'malformed', 'expected a JSON object as the body');
  }
  return value as Record<string, unknown>;
}
