import { UserError } from '../../base/errors.js';
import type { Address } from '../../protocol/address.js';
import { parseIP } from '../../protocol/ip.js';
import type { NameResolver, ResolverProvider, ResolverTools } from '../lookup.js';
import { type DnsServer, openTcp, openTls } from './connecting.js';
import { DnsResolver } from './dnsresolver.js';
import { HttpsTransport } from './https.js';
import { StreamTransport } from './stream.js';
import { UdpTransport } from './udp.js';

const DNS_PORT = 53;
/** RFC 7858 section 3.1. */
const TLS_PORT = 853;
const HTTPS_PORT = 443;
/** The path that most servers have (RFC 8484 section 4.1.1). */
const DEFAULT_PATH = '/dns-query';
/** What stands for the query in a URI template; it is sent by POST. */
const TEMPLATE = /\{[?&]dns\}$/;

/** What `--resolver` names, besides a URL. */
export const SYSTEM = 'system';

/**
 * Checks the form of one value of `--resolver`: not whether anybody opens such URLs.
 *
 * @throws {UserError} if it is none.
 */
export function checkResolver(text: string): void {
  if (!/^[a-z][a-z\d+.-]*(:\/\/.+)?$/i.test(text)) {
    throw new UserError(
      `"${text}": expected system, or a URL such as udp://192.0.2.1, tls://dns.example or ` +
        'https://dns.example/dns-query',
    );
  }
}

/** The scheme of a URL; a word of its own is one. */
export function schemeOf(text: string): string {
  return (/^[^:]*/.exec(text)?.[0] ?? '').toLowerCase();
}

/** How messages call a resolver: by its server alone, as the rest of a URL may be a secret. */
export function resolverName(text: string): string {
  if (!text.includes('://')) return text;
  const [, scheme = '', host = ''] = /^([^:]*):\/\/(?:[^/?#]*@)?([^/?#{]*)/.exec(text) ?? [];
  return `${scheme.toLowerCase()}://${host}`;
}

interface ServerUrl extends Address {
  /** With what is behind its `?`. */
  readonly path: string;
  /** Whose certificate the server has: behind `#`, or the host. */
  readonly servername: string;
}

/** @throws {UserError} if it is no URL of a server, or says more than that. */
function parseServer(
  text: string,
  defaultPort: number,
  takes: 'path' | 'name' | 'host',
): ServerUrl {
  const wrong = (problem: string) => new UserError(`"${resolverName(text)}": ${problem}`);
  let url: URL;
  try {
    // Only of schemes that it knows does URL check the host.
    url = new URL(text.replace(TEMPLATE, '').replace(/^[^:]*/, 'https'));
  } catch {
    throw wrong(`expected ${schemeOf(text)}://HOST[:PORT]${takes === 'path' ? '/PATH' : ''}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw wrong('a resolver takes no user and no password');
  }
  const hasPath = url.pathname !== '/' || url.search !== '';
  if (hasPath && takes !== 'path') throw wrong('expected nothing behind the host and the port');
  const name = decodeURIComponent(url.hash.slice(1));
  if (name !== '' && takes === 'host') throw wrong('expected nothing behind the host and the port');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = portOf(text) ?? defaultPort;
  if (port === 0) throw wrong('expected a port from 1 to 65535');
  const path = hasPath ? url.pathname + url.search : DEFAULT_PATH;
  return { host, port, path, servername: name || host };
}

/** The port that a URL has, be it its scheme's own. */
function portOf(text: string): number | undefined {
  const port = /^[^:]*:\/\/[^/?#]*:(\d+)(?:[/?#{]|$)/.exec(text)?.[1];
  return port === undefined ? undefined : Number(port);
}

function serverOf({ host, port }: ServerUrl, tools: ResolverTools): DnsServer {
  return { host, port, resolve: (name) => tools.resolve(name) };
}

function overStream(server: DnsServer): StreamTransport {
  return new StreamTransport((time) => openTcp(server, time));
}

/** The system's way: its list of hosts, the DNS as it is set up, or getaddrinfo(3). */
const systemResolver: ResolverProvider = {
  id: 'system',
  schemes: [SYSTEM],
  open(url, tools): NameResolver {
    if (url.toLowerCase() !== SYSTEM) throw new UserError(`"${url}": expected ${SYSTEM} alone`);
    // The system's answers are remembered where they are asked for.
    return { lookup: async (question) => ({ addresses: await tools.lookup(question), ttl: 0 }) };
  },
};

/** The DNS over UDP or TCP (RFC 1035, RFC 7766). */
const dnsResolver: ResolverProvider = {
  id: 'dns',
  schemes: ['udp', 'tcp'],
  open(url, tools) {
    const server = serverOf(parseServer(url, DNS_PORT, 'host'), tools);
    const stream = overStream(server);
    if (schemeOf(url) === 'tcp') return new DnsResolver(stream);
    const { host, port } = server;
    const findServer = async (): Promise<Address> => {
      if (parseIP(host) !== undefined) return server;
      const [first = host] = await tools.resolve(host);
      return { host: first, port };
    };
    return new DnsResolver(new UdpTransport(findServer, stream));
  },
};

/** The DNS over TLS (RFC 7858), with a server whose certificate is checked (RFC 8310). */
const dnsOverTls: ResolverProvider = {
  id: 'dns-over-tls',
  schemes: ['tls'],
  open(url, tools) {
    const parsed = parseServer(url, TLS_PORT, 'name');
    const server = serverOf(parsed, tools);
    const tls = { servername: parsed.servername, protocols: ['dot'] };
    return new DnsResolver(new StreamTransport((time) => openTls(server, tls, time)));
  },
};

/** The DNS over HTTPS (RFC 8484). */
const dnsOverHttps: ResolverProvider = {
  id: 'dns-over-https',
  schemes: ['https'],
  open(url, tools) {
    const parsed = parseServer(url, HTTPS_PORT, 'path');
    return new DnsResolver(new HttpsTransport(serverOf(parsed, tools), parsed.path));
  },
};

export const builtInResolvers: readonly ResolverProvider[] = [
  ...[systemResolver, dnsResolver, dnsOverTls, dnsOverHttps],
];
