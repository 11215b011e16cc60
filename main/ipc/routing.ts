/**
 * What window and main process say to each other of ways out: a part of the contract.
 */

/** How an upstream is spoken to: the schemes of the server's option `via`. */
export const UPSTREAM_SCHEMES = ['socks5', 'socks5+tls', 'socks4a', 'http', 'https'] as const;
export type UpstreamScheme = (typeof UPSTREAM_SCHEMES)[number];

/** The ports that they have where nothing else is said. */
export const SCHEME_PORTS: Readonly<Record<UpstreamScheme, number>> = {
  socks5: 1080,
  'socks5+tls': 1080,
  socks4a: 1080,
  http: 80,
  https: 443,
};

/** A server that connections go through, without its password. */
export interface UpstreamSettings {
  readonly name: string;
  readonly scheme: UpstreamScheme;
  readonly host: string;
  readonly port: number;
  /** Empty: nobody logs in there. */
  readonly user: string;
  /** The name of another one, which it is reached through; empty: none. */
  readonly through: string;
  /** The file of the certificates that are trusted, over TLS; empty: those of the usual authorities. */
  readonly tlsCa: string;
}

/** Whether a scheme is spoken over TLS. */
export function isOverTls(scheme: UpstreamScheme): boolean {
  return scheme === 'https' || scheme === 'socks5+tls';
}

export interface Upstream extends UpstreamSettings {
  readonly password: 'set' | 'none' | 'unknown';
}

export interface UpstreamsState {
  readonly upstreams: readonly Upstream[];
  /** Why passwords cannot be read or written now, and what to do. */
  readonly keychainProblem: string | undefined;
}

export interface NewUpstream extends UpstreamSettings {
  /** Empty: none. */
  readonly password: string;
}

export interface UpstreamChange {
  /** Its name until now. */
  readonly name: string;
  readonly settings: UpstreamSettings;
  /** A new one; left out: as it is. */
  readonly password?: string;
}

/** What came of trying an upstream: how long its answer took, ms, or why there was none. */
export type UpstreamTest =
  | { readonly works: true; readonly time: number }
  | { readonly works: false; readonly problem: string };

/** Which way would this request take? */
export interface RouteQuestion {
  /** Empty: an anonymous client. */
  readonly user: string;
  readonly command: 'connect' | 'bind' | 'associate';
  /** `HOST:PORT`. */
  readonly destination: string;
}

/** Which way a rule says, and which rule that is, in a few words. */
export interface WayTaken {
  /** `direct`, or names of upstreams with `|` between. */
  readonly way: string;
  readonly by: string;
}

export interface RouteAnswer {
  readonly allowed: boolean;
  /** What decides, where it is not an address. */
  readonly by: string | undefined;
  /** Where a rule says the way; undefined: it is the direct one, for want of a rule. */
  readonly via: WayTaken | undefined;
  readonly addresses: readonly AddressAnswer[];
}

/** What is decided of an address of the destination. */
export interface AddressAnswer {
  readonly address: string;
  readonly allowed: boolean;
  readonly by: string;
  /** Where it takes another way than the name. */
  readonly via: WayTaken | undefined;
}

/** A rule of `via` in its parts: `[DEST[:PORTS]=]WAY[|WAY]...`. */
export interface ViaParts {
  /** Empty: all destinations. */
  readonly destination: string;
  readonly ways: readonly string[];
}

/** Takes a rule of `via` apart, be it right or wrong. */
export function partsOfVia(rule: string): ViaParts {
  const equals = rule.indexOf('=');
  const url = rule.indexOf('://');
  const hasDestination = equals >= 0 && (url < 0 || equals < url);
  const ways = rule.slice(hasDestination ? equals + 1 : 0).split('|');
  return {
    destination: hasDestination ? rule.slice(0, equals).trim() : '',
    ways: ways.map((way) => way.trim()),
  };
}

/** Puts a rule of `via` together. */
export function formatVia({ destination, ways }: ViaParts): string {
  const way = ways.join('|');
  return destination === '' ? way : `${destination}=${way}`;
}

/** Whether a route has a password in a URL: it has no place in a file, nor in the window's memory. */
export function showsPassword(rule: string): boolean {
  return /:\/\/[^\s:@/|]*:[^\s|]*@/.test(rule);
}

/** A host as rules have it, where a port may follow: an IPv6 address in brackets. */
export function hostOfRule(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `HOST:PORT` of a destination, such as a row of the live log has, in its parts. */
export function partsOfDestination(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(digits) > 65_535) return undefined;
  return { host, port: Number(digits) };
}
