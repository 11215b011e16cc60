import { UserError } from '../../base/errors.js';
import { type Address, decodeHost, formatAddress, isName } from '../../protocol/address.js';

/** The ports of the schemes that the server knows itself, and of ssh. */
const PORTS: Readonly<Record<string, number | undefined>> = {
  socks5: 1080,
  socks5h: 1080,
  'socks5+tls': 1080,
  'socks5h+tls': 1080,
  socks4a: 1080,
  http: 80,
  https: 443,
  ssh: 22,
};

/** RFC 1929 has one octet for the length of each; HTTP has no limit that matters. */
const MAX_FIELD = 255;

/** What the URL of an upstream says. */
export interface UpstreamUrl extends Address {
  /** 0 where the URL says none, and its scheme is an extension's, which knows what that means. */
  readonly port: number;
  /** In lower case. */
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** Whether a text has the form of a URL, right or wrong. */
export function isUrl(text: string): boolean {
  return /^[a-z][\w+.-]*:\/\//i.test(text);
}

/** A text with stars in the place of all passwords of URLs in it. */
export function hidePasswords(text: string): string {
  return text.replace(/([a-z][\w+.-]*:\/\/[^\s:@/|]*:)[^\s|]*@/gi, '$1***@');
}

/** A URL without user and password: what an upstream without a name is called. */
export function nameOfUrl({ scheme, host, port }: UpstreamUrl): string {
  const at = formatAddress({ host, port });
  return `${scheme}://${port === 0 ? at.slice(0, -':0'.length) : at}`;
}

/**
 * Reads the URL of an upstream: `SCHEME://[USER[:PASSWORD]@]HOST[:PORT]`, user and password
 * percent-encoded where they have more than letters and digits.
 *
 * @throws {UserError} if it is malformed; no password is in it.
 */
export function parseUpstreamUrl(text: string): UpstreamUrl {
  const wrong = (problem: string) => new UserError(`"${hidePasswords(text)}": ${problem}`);
  const match = /^([a-z][\w+.-]*):\/\/(?:(.*)@)?(\[[^\]]*\]|[^[\]:/?#@]*)(?::(\d*))?(.*)$/is.exec(
    text,
  );
  if (match === null) throw wrong('expected SCHEME://[USER:PASSWORD@]HOST[:PORT]');
  const [, name = '', login, bracketed = '', digits = '', rest = ''] = match;
  const scheme = name.toLowerCase();
  if (rest !== '' && rest !== '/') {
    throw wrong('expected nothing behind HOST:PORT; percent-encode what is special in a password');
  }
  const said = digits === '' ? undefined : Number(digits);
  if (said !== undefined && (said < 1 || said > 65535)) {
    throw wrong('expected a port from 1 to 65535');
  }
  const port = said ?? PORTS[scheme] ?? 0;
  return { scheme, host: hostOf(bracketed, wrong), port, ...loginOf(login, wrong) };
}

type Wrong = (problem: string) => UserError;

function hostOf(text: string, wrong: Wrong): string {
  const isV6 = text.startsWith('[');
  try {
    const host = decodeHost(new TextEncoder().encode(text));
    // What is in brackets and no IPv6 address would be looked up as a name.
    if (!isV6 || !isName(host)) return host;
  } catch {
    // Said below.
  }
  throw wrong(text === '' ? 'expected a host' : `"${text}" is no host`);
}

function loginOf(login: string | undefined, wrong: Wrong): Pick<UpstreamUrl, 'user' | 'password'> {
  if (login === undefined) return { user: undefined, password: undefined };
  const colon = login.indexOf(':');
  const [user, password] =
    colon < 0 ? [login, undefined] : [login.slice(0, colon), login.slice(colon + 1)];
  const plain = (what: string, field: string) => {
    if (/[/?#@\s]/.test(field)) throw wrong(`the ${what} has characters to be percent-encoded`);
    try {
      return decodeURIComponent(field);
    } catch {
      throw wrong(`the ${what} is not percent-encoded as it should be: write % as %25`);
    }
  };
  const found = {
    user: plain('user name', user),
    password: password === undefined ? undefined : plain('password', password),
  };
  checkLogin(found.user, found.password, wrong);
  return found;
}

/** @throws {UserError} if a login cannot be sent. */
export function checkLogin(user: string, password: string | undefined, wrong: Wrong): void {
  for (const [what, field] of [
    ['user name', user],
    ['password', password ?? ''],
  ] as const) {
    if (Buffer.byteLength(field) > MAX_FIELD) {
      throw wrong(`the ${what} is longer than ${MAX_FIELD} octets`);
    }
    if (field.includes('\0')) throw wrong(`the ${what} has a NUL in it`);
  }
  if (user === '') throw wrong('expected a user name before the password');
}
