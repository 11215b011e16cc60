import { type Address, decodeHost } from './address.js';
import {
  encodeHead,
  endToEnd,
  type Field,
  type Framing,
  framingFields,
  framingOf,
  HttpError,
  headParser,
  isPersistent,
  isToken,
  listOf,
  MAX_REQUEST_HEAD,
  valuesOf,
} from './httphead.js';
import type { Parser } from './parser.js';

/** The head of a request to a proxy. */
export interface RequestHead {
  readonly method: string;
  /** The host in its canonical form; of `http://` without a port, port 80. */
  readonly destination: Address;
  /** Of HTTP/1.x. */
  readonly minor: 0 | 1;
  /** What the origin gets as request-target; of CONNECT it is empty. */
  readonly target: string;
  /** What the origin gets as Host. */
  readonly authority: string;
  readonly fields: readonly Field[];
  readonly framing: Framing;
  /** The octets of Proxy-Authorization, a copy: for who has used them to wipe. */
  readonly authorization: Uint8Array | undefined;
  /** Whether the client waits for 100 before it sends the body. */
  readonly expectsContinue: boolean;
  /** The protocols that the client would rather speak, of which some are not passed on. */
  readonly upgrade: string | undefined;
  /** Whether the client would send another request on the connection. */
  readonly persistent: boolean;
}

/** A request as it would be sent to the server of a site, and not to a proxy. */
export class OriginFormError extends HttpError {
  constructor() {
    super('the request is not for a proxy: its target has no host');
  }
}

/** The longest name of a host that can be passed on to whatever way out. */
const MAX_HOST = 255;

/** host [ ":" port ] of RFC 3986, without what is percent-encoded and without zones. */
const authorityForm = /^(\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=-]+)(?::(\d{0,5}))?$/;
/** userinfo "@" of RFC 3986. */
const userinfo = /^[\w.~!$&'()*+,;=:%-]*@/;
const absoluteForm = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*)(.*)$/;

/** Upgrades that are not passed on: HTTP/2 has requests to other hosts inside. */
const notUpgrades = /^(h2c?|http\/2.*)$/;

interface Target {
  readonly destination: Address;
  readonly target: string;
  readonly authority: string;
}

interface RequestLine extends Target {
  readonly method: string;
  readonly minor: 0 | 1;
}

/**
 * Makes a reader of one request's head, as a client sends it to a proxy (RFC 9112 section 3.2): the
 * same one has to be given all that comes until it has read it.
 *
 * @throws {HttpError} from the reader, for what is malformed or could be read in two ways: it has
 *   the status that answers it; {@link OriginFormError}; {@link DomainError} for a host that cannot
 *   be.
 */
export function requestHeadParser(): Parser<RequestHead> {
  const parse = headParser({
    most: MAX_REQUEST_HEAD,
    secret: 'proxy-authorization',
    checkLine: checkRequestLine,
  });
  return (bytes) => {
    const head = parse(bytes);
    if (head === undefined) return undefined;
    const { line, fields, secret } = head.value;
    return { value: requestOf(parseRequestLine(line), fields, secret), length: head.length };
  };
}

function requestOf(
  line: RequestLine,
  fields: readonly Field[],
  authorization: Uint8Array | undefined,
): RequestHead {
  const { method, minor } = line;
  if (valuesOf(fields, 'host').length > 1) throw new HttpError('several Hosts');
  const framing = framingOf(fields, minor) ?? { kind: 'none' };
  const hasBody = framing.kind === 'chunked' || (framing.kind === 'length' && framing.length > 0);
  if (method === 'CONNECT' && hasBody) throw new HttpError('CONNECT with a body');
  return {
    ...line,
    fields,
    framing,
    authorization,
    expectsContinue: minor === 1 && listOf(fields, 'expect').includes('100-continue') && hasBody,
    upgrade: minor === 1 && !hasBody ? upgradeOf(fields) : undefined,
    persistent: minor === 1 && isPersistent(fields, minor),
  };
}

function upgradeOf(fields: readonly Field[]): string | undefined {
  if (!listOf(fields, 'connection').includes('upgrade')) return undefined;
  const protocols = valuesOf(fields, 'upgrade')
    .flatMap((value) => value.split(','))
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '' && !notUpgrades.test(protocol.toLowerCase()));
  return protocols.length === 0 ? undefined : protocols.join(', ');
}

function splitRequestLine(line: string): [method: string, target: string, minor: 0 | 1] {
  const [method = '', target = '', version = '', ...rest] = line.split(' ');
  const isRequest = isToken(method) && target !== '' && /^HTTP\/\d\.\d$/.test(version);
  if (!isRequest || rest.length > 0 || target.includes('\t')) {
    throw new HttpError('the request line is malformed');
  }
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') {
    throw new HttpError(`${version} is not served here`, 505);
  }
  return [method, target, version === 'HTTP/1.1' ? 1 : 0];
}

function checkRequestLine(line: string): void {
  splitRequestLine(line);
}

function parseRequestLine(line: string): RequestLine {
  const [method, target, minor] = splitRequestLine(line);
  const parsed = method === 'CONNECT' ? authorityTarget(target) : absoluteTarget(method, target);
  return { method, minor, ...parsed };
}

/** authority-form, of CONNECT (RFC 9112 section 3.2.3): a host and a port. */
function authorityTarget(text: string): Target {
  const [, host = '', port = ''] = authorityForm.exec(text) ?? [];
  if (host === '' || port === '') throw new HttpError('CONNECT wants HOST:PORT');
  return { destination: destinationOf(host, Number(port)), target: '', authority: text };
}

/** absolute-form (RFC 9112 section 3.2.2): http://host[:port]/path. */
function absoluteTarget(method: string, text: string): Target {
  if (text.startsWith('/') || text === '*') throw new OriginFormError();
  const [, scheme = '', authority = '', path = ''] = absoluteForm.exec(text) ?? [];
  if (scheme === '') throw new HttpError('the request target is malformed');
  const isHttps = scheme.toLowerCase() === 'https';
  if (isHttps) throw new HttpError('an https:// address is asked for by CONNECT');
  if (scheme.toLowerCase() !== 'http') throw new HttpError('only http:// addresses are served');
  if (path.includes('#')) throw new HttpError('the request target has a fragment');
  // Name and password in an address are not for the origin (RFC 9110 section 4.2.4).
  const bare = authority.replace(userinfo, '');
  const [, host = '', port = ''] = authorityForm.exec(bare) ?? [];
  if (host === '') throw new HttpError('the host of the request target is malformed');
  const destination = destinationOf(host, port === '' ? 80 : Number(port));
  return {
    destination,
    target: path.startsWith('/') ? path : path === '' && method === 'OPTIONS' ? '*' : `/${path}`,
    authority: port === '' ? host : bare,
  };
}

function destinationOf(host: string, port: number): Address {
  if (port === 0 || port > 65_535) throw new HttpError('the port of the request target is none');
  if (host.length > MAX_HOST) throw new HttpError('the host of the request target is too long');
  const decoded = decodeHost(Buffer.from(host, 'latin1'));
  if (decoded.startsWith('[')) throw new HttpError('the host of the request target is malformed');
  return { host: decoded, port };
}

/** How many times more a request may be passed on, where it says so (RFC 9110 section 7.6.2). */
export function maxForwards({ method, fields }: RequestHead): number | undefined {
  if (method !== 'OPTIONS' && method !== 'TRACE') return undefined;
  const [text = ''] = valuesOf(fields, 'max-forwards');
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/**
 * Writes the head of a request as the origin gets it (RFC 9110 section 7.6): in origin-form, its Host
 * from the target, without what is about the client's connection.
 */
export function encodeRequest(head: RequestHead): Buffer {
  const { method, target, authority, framing, upgrade, persistent } = head;
  const left = maxForwards(head);
  const fields: Pick<Field, 'name' | 'value'>[] = [{ name: 'Host', value: authority }];
  for (const field of endToEnd(head.fields)) {
    if (field.key === 'host') continue;
    const counts = field.key === 'max-forwards' && left !== undefined;
    fields.push(counts ? { name: field.name, value: String(left - 1) } : field);
  }
  fields.push(...framingFields(framing));
  if (upgrade !== undefined) fields.push({ name: 'Upgrade', value: upgrade });
  const connection = [
    ...(upgrade === undefined ? [] : ['upgrade']),
    ...(persistent ? [] : ['close']),
  ];
  if (connection.length > 0) fields.push({ name: 'Connection', value: connection.join(', ') });
  return encodeHead(`${method} ${target} HTTP/1.1`, fields);
}
