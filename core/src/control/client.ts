import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { codeOf, systemMessage, UserError } from '../base/errors.js';
import { parseControlPlace } from '../config/controlplace.js';
import { formatAddress } from '../protocol/address.js';
import { reasonOf } from '../transport/pem.js';
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
  readonly #connect: () => Promise<RequestOptions>;
  readonly #token: string | undefined;
  readonly #tokenFile: string | undefined;

  /**
   * @param place `unix:PATH`, `127.0.0.1:PORT` or `tls:HOST:PORT`.
   * @param tokenFile the file that has the token of a TCP port.
   * @param certificate the file of the certificate that the server shows, with TLS, in PEM; without
   *   one an authority that Node trusts has to vouch for it and its name.
   * @throws {UserError} if there can be no such place, or the token cannot be read.
   */
  constructor(place: string, tokenFile?: string, certificate?: string) {
    const { path, address, ...more } = parseControlPlace(place, true);
    this.#place = place;
    this.#tokenFile = address === undefined ? undefined : tokenFile;
    if (address === undefined) this.#connect = async () => ({ socketPath: path, agent: false });
    else if ('tls' in more && more.tls) {
      this.#connect = async () => {
        const socket = await secured(address, certificate);
        const { host, port } = address;
        return { host, port, createConnection: () => socket };
      };
    } else this.#connect = async () => ({ ...address, agent: false });
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
    if (response.statusCode !== 200) throw await this.#failureOf(response);
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
    if (response.statusCode !== 200) throw await this.#failureOf(response);
    const text = await textOf(response);
    try {
      return JSON.parse(text) as T;
    } catch {
      throw this.#stranger();
    }
  }

  async #failureOf(response: IncomingMessage): Promise<UserError> {
    const text = await textOf(response);
    try {
      const { error } = JSON.parse(text) as { error: { code: string; message: string } };
      if (error.code !== 'no-token') return new UserError(error.message);
      const file = this.#tokenFile;
      const wanted = file === undefined ? 'a token' : `another token than that in "${file}"`;
      return new UserError(
        `the server at ${this.#place} wants ${wanted}; expected --control-token FILE, with the ` +
          'token that it has itself',
      );
    } catch {
      return this.#stranger();
    }
  }

  #stranger(): UserError {
    return new UserError(
      `what answers at ${this.#place} is no control interface; expected the place that a server ` +
        'has as its --control',
    );
  }

  async #ask(
    method: string,
    path: string,
    query: Query,
    body: object | undefined,
  ): Promise<IncomingMessage> {
    const nobody = (error: unknown) => {
      const untrusted = tlsFault(error);
      if (untrusted !== undefined)
        return new UserError(`the server at ${this.#place} ${untrusted}`);
      if (codeOf(error)?.startsWith('HPE_')) return this.#stranger();
      const isNone = ['ENOENT', 'ECONNREFUSED'].includes(codeOf(error) ?? '');
      const hint = isNone ? '; a server listens there that is started with --control' : '';
      return new NoServer(`no server answers at ${this.#place}: ${systemMessage(error)}${hint}`);
    };
    const target = await this.#connect().catch((error: unknown) => {
      throw error instanceof UserError ? error : nobody(error);
    });
    const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
    };
    const options = { ...target, method, path: `${path}${search}`, headers };
    return new Promise((resolve, reject) => {
      const asked = request(options, resolve);
      asked.setTimeout(ANSWER_TIME, () => asked.destroy(new Error('it does not answer')));
      asked.once('response', () => asked.setTimeout(0));
      asked.on('error', (error) => reject(nobody(error)));
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** What is wrong with a server's TLS, where that is it; a sentence that goes on from the server. */
function tlsFault(error: unknown): string | undefined {
  const code = codeOf(error) ?? '';
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    return `does not speak TLS as it should: ${reasonOf(error)}`;
  }
  // What is wrong with a certificate has names of its own: CERT_HAS_EXPIRED, ...
  if (!/^(?:CERT|CRL|DEPTH|ERR_TLS_CERT|INVALID|SELF_SIGNED|UNABLE)_/.test(code)) return undefined;
  return (
    `shows a certificate that nobody vouches for (${reasonOf(error)}); --tls-cert FILE names the ` +
    'one that it has to show'
  );
}

/** Where a server on this machine is reached that listens at all addresses of a family. */
const reachable: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Connects by TLS. Nothing is written before it is known who answers.
 *
 * @param certificate the file of what it has to show.
 * @throws {UserError} if it shows another one, or the file cannot be read; what the system says.
 */
async function secured(
  { host, port }: { readonly host: string; readonly port: number },
  certificate: string | undefined,
): Promise<Socket> {
  const pinned = certificate === undefined ? undefined : certificateIn(certificate);
  const socket = connectTls({
    host: reachable[host] ?? host,
    port,
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    rejectUnauthorized: pinned === undefined,
  });
  socket.setTimeout(ANSWER_TIME, () => socket.destroy(new Error('it does not answer')));
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.setTimeout(0);
  const shown = socket.getPeerX509Certificate();
  if (pinned === undefined || shown?.fingerprint256 === pinned.fingerprint256) return socket;
  socket.destroy();
  throw new UserError(
    `the server at ${formatAddress({ host, port })} shows another certificate than the one in "${certificate}"`,
  );
}

function certificateIn(file: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(file));
  } catch (error) {
    throw new UserError(`"${file}" cannot be read as a certificate: ${systemMessage(error)}`);
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
