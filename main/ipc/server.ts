/** The server: its state, the addresses at which programs reach it, what it moves and refuses. */
import type { SettingFault, SettingKey } from './settings.js';

export type ServerState = 'stopped' | 'starting' | 'running' | 'stopping' | 'error';

export interface ServerStatus {
  readonly state: ServerState;
  /** Why it does not run, or what is wrong although it does. */
  readonly problem: string | undefined;
  /** A port that is free, where the one that is set is not. */
  readonly freePort: number | undefined;
  /** Where it listens, as `ADDRESS:PORT`. */
  readonly listening: readonly string[];
  /** Every address at which programs reach it. */
  readonly endpoints: readonly Endpoint[];
  /** The address that programs on this computer use, as a URL; undefined while there is none. */
  readonly url: string | undefined;
  /** Whether clients have to authenticate. */
  readonly authentication: boolean;
  /** Whether it serves HTTP as well. */
  readonly http: boolean;
  /** Where other computers reach it without anybody having to log in, as `ADDRESS:PORT`. */
  readonly exposed: readonly string[];
  /** Why the local network is not served, or not as its settings say; the rest of it runs. */
  readonly lanFault: SettingFault | undefined;
  /** Settings that wait for a restart of the server. */
  readonly pending: readonly SettingKey[];
  /** The instant at which it started. */
  readonly since: number | undefined;
}

/** The place of addresses that only this computer's own programs can use. */
export const THIS_COMPUTER = 'this computer';
/** The place of an address that no interface has. */
export const UNKNOWN_PLACE = 'an address';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Whose address it is: an interface's name, {@link THIS_COMPUTER} or {@link UNKNOWN_PLACE}. */
  readonly place: string;
  /** Whether it is the local network's, where everybody has to log in. */
  readonly lan?: true;
  /** What programs have to know of its certificate, if they reach it by TLS. */
  readonly certificate?: CertificateFacts;
}

/** A certificate, as far as clients are concerned. */
export interface CertificateFacts {
  /** The names and IP addresses that it is for; a name may begin with `*.`. */
  readonly names: readonly string[];
  /** Whether it vouches for itself: then programs have to be given its file. */
  readonly selfSigned: boolean;
  readonly file: string;
  /** The last moment at which it counts. */
  readonly expires: number;
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function formatEndpoint({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The host and port of an address as programs have to name it: by the name that its certificate is
 * for, if it has one and is not for the address itself.
 */
export function namedEndpoint({
  host,
  port,
  certificate,
}: Pick<Endpoint, 'host' | 'port' | 'certificate'>): Pick<Endpoint, 'host' | 'port'> {
  const { names = [] } = certificate ?? {};
  const name = names.find((candidate) => !candidate.includes('*'));
  return { host: names.includes(host) ? host : (name ?? host), port };
}

/**
 * The URL of the proxy at an address, with a place for name and password where they are needed. The
 * schemes are curl's, and with both names are resolved by the proxy: inside TLS it is an HTTP proxy,
 * for no program speaks SOCKS there.
 *
 * @param authentication whether clients have to log in at the addresses that are not the local
 *   network's.
 */
export function proxyUrl(
  endpoint: Pick<Endpoint, 'host' | 'port' | 'lan' | 'certificate'>,
  authentication: boolean,
): string {
  const scheme = endpoint.certificate === undefined ? 'socks5h' : 'https';
  return urlOf(scheme, endpoint, authentication);
}

/** The same for programs that know HTTP proxies only. */
export function httpProxyUrl(
  endpoint: Pick<Endpoint, 'host' | 'port' | 'lan' | 'certificate'>,
  authentication: boolean,
): string {
  const scheme = endpoint.certificate === undefined ? 'http' : 'https';
  return urlOf(scheme, endpoint, authentication);
}

function urlOf(
  scheme: string,
  endpoint: Pick<Endpoint, 'host' | 'port' | 'lan' | 'certificate'>,
  authentication: boolean,
): string {
  const login = authentication || endpoint.lan ? 'USER:PASSWORD@' : '';
  return `${scheme}://${login}${formatEndpoint(namedEndpoint(endpoint))}`;
}

/** How many seconds of traffic are kept and shown: one {@link TrafficSample} each. */
export const HISTORY = 300;

/** What happened in one second. */
export interface TrafficSample {
  readonly time: number;
  readonly instant: number;
  readonly connections: number;
  readonly rateUp: number;
  readonly rateDown: number;
  /** All since the app was started. */
  readonly totalUp: number;
  readonly totalDown: number;
  readonly totalConnections: number;
}

/** What a client got wrong before it was served, as the server tells it. */
export type Diagnosis =
  | { readonly code: 'not-socks'; readonly octet: number }
  | { readonly code: 'not-tls'; readonly octet: number }
  | { readonly code: 'no-common-method'; readonly offered: readonly number[] }
  | { readonly code: 'socks4-off' }
  | { readonly code: 'socks4-login' }
  | { readonly code: 'http-off' }
  | { readonly code: 'http-origin' };

/** What was refused, or has failed, for one reason: `hasFailed` says which. */
export interface Refusal {
  readonly reason: string;
  readonly count: number;
  readonly lastTime: number;
  readonly lastClient: string;
  readonly lastDetail: string;
  readonly lastDiagnosis: Diagnosis | undefined;
}
