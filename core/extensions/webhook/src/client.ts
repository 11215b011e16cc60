import { type ClientRequest, Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './target.js';

/** Octets of an answer at most. */
const MAX_ANSWER = 64 * 1024;
/** Questions that wait for a connection or an answer at most. */
const MAX_OPEN = 2000;
/** How long a connection is kept that nothing uses, ms: less than servers keep theirs. */
const IDLE_TIME = 4000;
/** How long it is waited before something is tried again, ms: twice as long each time, and jitter. */
const FIRST_DELAY = 100;

/** A web service cannot be asked, or gives no answer that can be used: never shows what was sent. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  /** Whether there was no connection, or it ended before an answer: it may be tried again. */
  readonly isConnection: boolean;

  constructor(message: string, isConnection = false) {
    super(message);
    this.isConnection = isConnection;
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** How long it asks to be left alone, ms. */
  readonly retryAfter: number | undefined;
}

export interface Posting {
  readonly type: string;
  readonly body: string;
  /** How long all of it may take, ms. */
  readonly time: number;
  /** How often it is tried again if there is no connection. */
  readonly retries: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends it, whatever has come of it. */
  readonly signal?: AbortSignal;
}

export interface ClientOptions {
  /** Certificates in PEM that servers are trusted by, in place of the system's. */
  readonly ca: string | undefined;
  readonly token: string | undefined;
  /** Connections to each server at once. */
  readonly connections: number;
}

/** Posts to web services over connections that are used again; redirects are not followed. */
export class WebClient {
  readonly #token: string | undefined;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  #open = 0;

  constructor({ ca, token, connections }: ClientOptions) {
    this.#token = token;
    const options = { keepAlive: true, maxSockets: connections, timeout: IDLE_TIME };
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent(ca === undefined ? options : { ...options, ca });
  }

  /** @throws {WebhookError} if there is no answer in time. */
  async post(target: Target, posting: Posting): Promise<Answer> {
    if (this.#open >= MAX_OPEN) throw new WebhookError(`${MAX_OPEN} questions wait already`);
    this.#open++;
    const end = new AbortController();
    let why = '';
    const giveUp = (what: string) => () => {
      why = what;
      end.abort();
    };
    const timer = setTimeout(
      giveUp(`did not answer within ${posting.time / 1000} s`),
      posting.time,
    );
    const stop = giveUp('was not waited for any longer');
    posting.signal?.addEventListener('abort', stop);
    if (posting.signal?.aborted) stop();
    try {
      return await this.#tryAgain(target, posting, end.signal);
    } catch (error) {
      throw end.signal.aborted ? new WebhookError(`${target.shown} ${why}`) : error;
    } finally {
      clearTimeout(timer);
      posting.signal?.removeEventListener('abort', stop);
      this.#open--;
    }
  }

  async #tryAgain(target: Target, posting: Posting, signal: AbortSignal): Promise<Answer> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#ask(target, posting, signal);
      } catch (error) {
        const mayGoOn = error instanceof WebhookError && error.isConnection && !signal.aborted;
        if (!mayGoOn || tries >= posting.retries) throw error;
      }
      await sleep(FIRST_DELAY * 2 ** tries * (0.5 + Math.random()), undefined, { signal });
    }
  }

  async #ask(target: Target, posting: Posting, signal: AbortSignal): Promise<Answer> {
    for (;;) {
      const request = this.#start(target, posting, signal);
      try {
        return await answerTo(request, target);
      } catch (error) {
        // One that was kept may have ended while nothing was asked over it: that is no trouble yet.
        const wasOld = request.reusedSocket && error instanceof WebhookError && error.isConnection;
        if (!wasOld || signal.aborted) throw error;
      }
    }
  }

  #start({ url, basic }: Target, posting: Posting, signal: AbortSignal): ClientRequest {
    // What a URL says of itself counts more than what is said of all.
    const authorization =
      basic ?? (this.#token === undefined ? undefined : `Bearer ${this.#token}`);
    const options = {
      method: 'POST',
      signal,
      headers: {
        'content-type': posting.type,
        'content-length': Buffer.byteLength(posting.body),
        accept: 'application/json',
        'user-agent': 'picosocks5-webhook',
        ...(authorization && { authorization }),
        ...posting.headers,
      },
    };
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, agent: this.#https })
        : requestHttp(url, { ...options, agent: this.#http });
    return request.end(posting.body);
  }

  /** Ends all connections; what is open fails. */
  dispose(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

function answerTo(request: ClientRequest, { shown }: Target): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let hasAnswer = false;
    const fail = ({ code, message }: NodeJS.ErrnoException) => {
      const what = hasAnswer ? 'broke its answer off' : 'cannot be asked';
      reject(new WebhookError(`${shown} ${what}: ${message || code}`, !hasAnswer));
    };
    request.on('error', fail);
    request.once('response', (response) => {
      hasAnswer = true;
      const parts: Buffer[] = [];
      let size = 0;
      response.on('error', fail);
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size <= MAX_ANSWER) parts.push(part);
        else {
          reject(new WebhookError(`${shown} answered more than ${MAX_ANSWER} octets`));
          request.destroy();
        }
      });
      response.once('end', () => {
        const retryAfter = retryAfterOf(response.headers['retry-after']);
        const text = Buffer.concat(parts).toString('utf8');
        resolve({ status: response.statusCode ?? 0, text, retryAfter });
      });
    });
  });
}

/** Seconds of a Retry-After (RFC 9110 section 10.2.3), in ms; dates are left out. */
function retryAfterOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}

/** What an answer says that is none: for messages. */
export function unexpected({ shown }: Target, status: number): WebhookError {
  const why = status >= 300 && status < 400 ? ', and redirects are not followed' : '';
  return new WebhookError(`${shown} answered ${status}${why}`);
}
