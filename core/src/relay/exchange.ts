import { type BodyReader, bodyReader } from '../protocol/httpbody.js';
import type { RequestHead } from '../protocol/httprequest.js';

/** A request, and its response, of which not all has passed yet. */
export interface Exchange {
  readonly request: RequestHead;
  /** Reads the request's body, until all of it has passed. */
  body: BodyReader | undefined;
  bodyBegun: boolean;
  /** Whether the client was told to send the body. */
  continued: boolean;
  /** The request once more, where it may be made again on another connection. */
  again: Uint8Array | undefined;
  /** Reads the response's body, once its head has passed. */
  response: BodyReader | undefined;
  /** Whether the response ends with the connection. */
  untilClose: boolean;
  responded: boolean;
  /** Whether the client's connection ends with the response. */
  close: boolean;
  /** Whether nobody can tell if the body still comes. */
  abandoned: boolean;
}

/** A request of which nothing has passed yet. @param again see {@link Exchange.again}. */
export function exchangeOf(request: RequestHead, again: Uint8Array | undefined): Exchange {
  const body = bodyReader(request.framing, true);
  return {
    request,
    body: body.done ? undefined : body,
    bodyBegun: false,
    continued: false,
    again,
    response: undefined,
    untilClose: false,
    responded: false,
    close: false,
    abandoned: false,
  };
}
