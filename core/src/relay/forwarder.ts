import { type BodyReader, bodyReader } from '../protocol/httpbody.js';
import { HttpError } from '../protocol/httphead.js';
import { encodeRequest, type RequestHead, requestHeadParser } from '../protocol/httprequest.js';
import {
  encodeAnswer,
  encodeResponse,
  isInterim,
  type ResponseHead,
  responseHeadParser,
  Status,
} from '../protocol/httpresponse.js';
import { type Parsed, ProtocolError } from '../protocol/parser.js';
import type { Transport } from '../transport/transport.js';
import { type Exchange, exchangeOf } from './exchange.js';
import { Flow, type FlowReader } from './flow.js';
import type { Throttles } from './pacer.js';
import { type Traffic, type TunnelEnd, tunnel } from './tunnel.js';

/** How requests are forwarded. */
export interface ForwardOptions {
  /** Whether another request may go on the same connection. */
  isSame(request: RequestHead): boolean;
  readonly traffic: Traffic;
  readonly throttles: Throttles;
  /** How long the head of a request may take once it has begun, ms; 0: no limit. */
  readonly headTimeout: number;
}

/** How forwarding has ended. */
export interface ForwardEnd {
  readonly reason: TunnelEnd | 'protocol-error' | 'handshake-timeout';
  /**
   * Whether the client has more to ask that does not go this way: its transport is paused, and has
   * all of that put back. It is nobody's then.
   */
  readonly goesOn: boolean;
}

/** What a client may send ahead while it waits for a response, bytes. */
const MAX_AHEAD = 64 * 1024;
/** Requests that change nothing, and may be made again (RFC 9110 section 9.2.1). */
const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const nothing: Uint8Array = new Uint8Array();

/**
 * Forwards a client's requests to one host, and the responses to the client (RFC 9110 section 3.7),
 * as long as all go there: one at a time, however many the client has sent ahead. Bodies pass as
 * they come. What cannot be forwarded by two parties' reading alike ends the connection, and a
 * response that is cut off ends in a reset, so that it does not look complete.
 */
export class Forwarder {
  readonly #options: ForwardOptions;
  readonly #up: Flow;
  readonly #down: Flow;
  #resolve: (end: ForwardEnd) => void = () => {};
  #exchange: Exchange | undefined;
  /** What has come of the client's next requests. */
  #ahead = nothing;
  #requestParser = requestHeadParser();
  #headTimer: NodeJS.Timeout | undefined;
  /** What has come of a response's head. */
  #begun = nothing;
  #responseParser = responseHeadParser('');
  /** Whether the remote host takes another request. */
  #remoteOpen = true;
  #over = false;

  constructor(client: Transport, remote: Transport, options: ForwardOptions) {
    this.#options = options;
    const { traffic, throttles } = options;
    const requests: FlowReader = {
      take: (bytes) => this.#takeRequest(bytes),
      isFull: () => this.#ahead.length >= MAX_AHEAD,
      ended: () => this.#clientEnded(),
      closed: (code) => this.#clientClosed(code),
    };
    const responses: FlowReader = {
      take: (bytes) => this.#takeResponse(bytes),
      isFull: () => false,
      ended: () => this.#remoteEnded(),
      closed: () => this.#remoteClosed(),
    };
    this.#up = new Flow(client, 'up', requests, traffic, throttles.up);
    this.#down = new Flow(remote, 'down', responses, traffic, throttles.down);
  }

  /** Whether the client has asked for nothing that it has not got. */
  get resting(): boolean {
    return this.#exchange === undefined && this.#ahead.length === 0;
  }

  /**
   * Begins, and goes on to the end.
   *
   * @param first the request that there is a connection for; the client's transport has its body next.
   */
  run(first: RequestHead): Promise<ForwardEnd> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      Flow.connect(this.#up, this.#down);
      this.#begin(first, undefined);
      this.#down.transport.resume();
      this.#up.transport.resume();
    });
  }

  /** @param again the request's head, if it may be made again elsewhere. */
  #begin(request: RequestHead, again: Uint8Array | undefined): void {
    this.#exchange = exchangeOf(request, again);
    this.#responseParser = responseHeadParser(request.method);
    this.#up.pass(encodeRequest(request));
  }

  // What the client sends.

  #takeRequest(bytes: Uint8Array): void {
    const exchange = this.#exchange;
    let count = 0;
    if (exchange?.body !== undefined) {
      exchange.bodyBegun = true;
      try {
        count = exchange.body.read(bytes, (part) => this.#up.pass(part));
      } catch (error) {
        this.#refuseBody(exchange, error);
        return;
      }
    }
    if (count < bytes.length) this.#ahead = Buffer.concat([this.#ahead, bytes.subarray(count)]);
    if (exchange === undefined) this.#next();
    else if (exchange.body?.done) {
      exchange.body = undefined;
      this.#settle(exchange);
    }
  }

  /** Goes on with the next request, if there is one. */
  #next(): void {
    // Some clients put an empty line behind a body (RFC 9112 section 2.2).
    if (this.#ahead[0] === 0x0d && this.#ahead[1] === 0x0a) {
      this.#ahead = this.#ahead.subarray(2);
      this.#requestParser = requestHeadParser();
    }
    let parsed: Parsed<RequestHead> | undefined;
    try {
      parsed = this.#requestParser(this.#ahead);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // Whoever serves what goes on says what is wrong with it.
      this.#finish('finished', true);
      return;
    }
    if (parsed === undefined) {
      if (this.#up.ended) this.#finish('finished');
      else if (this.#ahead.length > 0) this.#expectHead();
      return;
    }
    clearTimeout(this.#headTimer);
    this.#headTimer = undefined;
    this.#requestParser = requestHeadParser();
    const { value: request, length } = parsed;
    const isOpen = this.#remoteOpen && !this.#down.transport.closed;
    if (!this.#options.isSame(request) || !isOpen) {
      this.#finish('finished', true);
      return;
    }
    const head = this.#ahead.subarray(0, length);
    const rest = this.#ahead.subarray(length);
    this.#ahead = nothing;
    const isSafe = safe.has(request.method) && request.framing.kind === 'none';
    this.#begin(request, isSafe ? head : undefined);
    // It may hold a password.
    if (!isSafe) head.fill(0);
    if (rest.length > 0) this.#takeRequest(rest);
    if (this.#up.ended && this.#exchange !== undefined) this.#clientEnded();
  }

  /** A head that has begun has to become whole. */
  #expectHead(): void {
    const { headTimeout } = this.#options;
    if (headTimeout === 0) return;
    this.#headTimer ??= setTimeout(() => this.#finish('handshake-timeout'), headTimeout);
  }

  #clientEnded(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) this.#next();
    else if (exchange.body === undefined) return;
    else if (exchange.responded) this.#finish('finished');
    else {
      this.#down.transport.abort();
      this.#finish('client-reset');
    }
  }

  #clientClosed(code: string | undefined): void {
    const isCut = this.#exchange !== undefined;
    if (isCut) this.#down.transport.abort();
    this.#finish(isCut && code !== undefined ? 'client-reset' : 'finished');
  }

  /** The body of a request is malformed. */
  #refuseBody(exchange: Exchange, error: unknown): void {
    if (!(error instanceof HttpError)) throw error;
    this.#down.transport.abort();
    if (exchange.response === undefined) {
      const { status, message: words } = error;
      this.#up.transport.write(encodeAnswer({ status, words }));
    } else this.#up.transport.abort();
    this.#finish('protocol-error');
  }

  // What the remote host sends.

  #takeResponse(bytes: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.responded) {
      // Nobody has asked for that: whose answer it would be, nobody can tell.
      this.#remoteGone(exchange);
    } else if (exchange.response === undefined) this.#takeHead(exchange, bytes);
    else this.#takeBody(exchange, exchange.response, bytes);
  }

  #takeHead(exchange: Exchange, bytes: Uint8Array): void {
    let rest = this.#begun.length === 0 ? bytes : Buffer.concat([this.#begun, bytes]);
    this.#begun = nothing;
    for (;;) {
      let parsed: Parsed<ResponseHead> | undefined;
      try {
        parsed = this.#responseParser(rest);
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        this.#badGateway(exchange, `The server's response cannot be forwarded: ${error.message}`);
        return;
      }
      if (parsed === undefined) {
        if (rest.length > 0) this.#begun = Buffer.from(rest);
        return;
      }
      const { value: head, length } = parsed;
      rest = rest.subarray(length);
      exchange.again = undefined;
      if (head.status === Status.switchingProtocols) {
        this.#switch(exchange, head, rest);
        return;
      }
      if (!isInterim(head)) {
        this.#respond(exchange, head, rest);
        return;
      }
      this.#responseParser = responseHeadParser(exchange.request.method);
      exchange.continued ||= head.status === Status.continue;
      const { minor } = exchange.request;
      // HTTP/1.0 has no responses but final ones.
      if (minor === 1) this.#down.pass(encodeResponse(head, { minor, close: false }));
    }
  }

  /** @param rest what came behind the head. */
  #respond(exchange: Exchange, head: ResponseHead, rest: Uint8Array): void {
    const { request, continued, bodyBegun } = exchange;
    const isWaiting = exchange.body !== undefined && request.expectsContinue;
    // Who waits for 100 and gets another answer sends the body or does not (RFC 9110 section 10.1.1).
    exchange.abandoned = isWaiting && !continued && !bodyBegun;
    exchange.untilClose = head.framing.kind === 'close';
    exchange.close = !request.persistent || exchange.abandoned || exchange.untilClose;
    this.#remoteOpen = head.persistent;
    const { minor } = request;
    this.#down.pass(encodeResponse(head, { minor, close: exchange.close }));
    exchange.response = bodyReader(head.framing, minor === 1);
    this.#takeBody(exchange, exchange.response, rest);
  }

  #takeBody(exchange: Exchange, response: BodyReader, bytes: Uint8Array): void {
    let count: number;
    try {
      count = response.read(bytes, (part) => this.#down.pass(part));
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#cutOff();
      return;
    }
    if (!response.done) return;
    if (count < bytes.length) this.#remoteOpen = false;
    exchange.responded = true;
    this.#settle(exchange);
  }

  /** The protocol that the client has asked for is spoken from now on. */
  #switch(exchange: Exchange, head: ResponseHead, rest: Uint8Array): void {
    const { request, body } = exchange;
    if (request.upgrade === undefined || body !== undefined) {
      this.#badGateway(exchange, 'The server switched to a protocol that nobody asked for');
      return;
    }
    this.#down.pass(encodeResponse(head, { minor: 1, close: false }));
    this.#over = true;
    const [client, remote] = [this.#up.transport, this.#down.transport];
    client.putBack(Buffer.concat([this.#ahead, this.#up.stop()]));
    remote.putBack(Buffer.concat([rest, this.#down.stop()]));
    this.#ahead = nothing;
    // Not within a call of the transport that is handed over.
    queueMicrotask(() => {
      const { traffic, throttles } = this.#options;
      void tunnel(client, remote, traffic, throttles).then((reason) => {
        this.#resolve({ reason, goesOn: false });
      });
    });
  }

  #remoteEnded(): void {
    const exchange = this.#exchange;
    if (exchange?.response === undefined || exchange.responded) this.#remoteGone(exchange);
    else if (exchange.untilClose) {
      this.#remoteOpen = false;
      exchange.responded = true;
      this.#settle(exchange);
    } else this.#cutOff();
  }

  #remoteClosed(): void {
    const exchange = this.#exchange;
    if (exchange?.response === undefined || exchange.responded) this.#remoteGone(exchange);
    else this.#cutOff();
  }

  /** The remote host answers no more. */
  #remoteGone(exchange: Exchange | undefined): void {
    this.#remoteOpen = false;
    if (exchange === undefined) this.#down.transport.close();
    else if (exchange.responded) this.#settle(exchange);
    else if (exchange.again !== undefined && this.#begun.length === 0) {
      // The host has closed the connection just before the request came: another one will do.
      this.#ahead = Buffer.concat([exchange.again, this.#ahead]);
      this.#finish('finished', true);
    } else this.#badGateway(exchange, 'The server closed the connection without a response');
  }

  #badGateway({ request }: Exchange, words: string): void {
    const headOnly = request.method === 'HEAD';
    this.#down.transport.abort();
    this.#up.transport.write(encodeAnswer({ status: Status.badGateway, words, headOnly }));
    this.#finish('remote-reset');
  }

  /** A response ends before its end: it must not look complete. */
  #cutOff(): void {
    this.#up.transport.abort();
    this.#finish('remote-reset');
  }

  /** Looks whether an exchange is over, and what then. */
  #settle(exchange: Exchange): void {
    if (!exchange.responded) return;
    if (exchange.body !== undefined) {
      // The host may want the rest of the request all the same.
      if (exchange.abandoned || !this.#remoteOpen) this.#finish('finished');
      return;
    }
    if (exchange.close) {
      this.#finish('finished');
      return;
    }
    this.#exchange = undefined;
    if (!this.#remoteOpen) this.#down.transport.close();
    this.#next();
    this.#up.proceed();
  }

  #finish(reason: ForwardEnd['reason'], goesOn = false): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#headTimer);
    const [client, remote] = [this.#up.transport, this.#down.transport];
    const held = this.#up.stop();
    this.#down.stop();
    remote.close();
    if (goesOn) client.putBack(Buffer.concat([this.#ahead, held]));
    this.#ahead = nothing;
    this.#exchange = undefined;
    this.#resolve({ reason, goesOn });
  }
}
