import { partsOfVia } from '../ipc/contract.js';
import { hostPort } from './backend.js';
import { type Bypass, parseBypass, parseBypassList } from './bypass.js';

/** What a PAC file is made of. */
export interface PacSource {
  /** Where the proxy is reached; undefined: nowhere, and everything goes there by itself. */
  readonly proxy: PacProxy | undefined;
  readonly bypass: readonly string[];
  /** Rules that say which way connections leave, as the server has them. */
  readonly via: readonly string[];
  /** Rules that say which requests are allowed, as the server has them. */
  readonly request: readonly string[];
}

export interface PacProxy {
  /** An IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly socks: boolean;
  readonly http: boolean;
}

/**
 * One rule of a PAC file: which hosts and ports it is about, and whether these need no proxy. Hosts
 * are all of them (`*`), names without a dot (`-`), a name, all below one (`.NAME`), or a network.
 */
type PacRule = readonly [
  hosts: string | readonly [octets: readonly number[], bits: number],
  firstPort: number,
  lastPort: number,
  direct: 0 | 1,
];

const ALL_PORTS = [0, 65_535] as const;

/**
 * Writes a PAC file: a script that tells programs which way to take to a destination. It is ES3, as
 * Windows runs it by the engine of Internet Explorer.
 *
 * Without the proxy go destinations of the bypass list, and those whose rule of `via` is `direct`
 * and which no rule of `request` denies. All else goes through the proxy, which decides: what rules
 * about networks say of a name as well, whose addresses only the proxy looks up. Every answer ends
 * in DIRECT, so that a proxy that is gone is in nobody's way.
 */
export function makePac(source: PacSource): string {
  const { proxy } = source;
  const through = proxy === undefined ? 'DIRECT' : [...places(proxy), 'DIRECT'].join('; ');
  const rules = proxy === undefined ? [] : [...bypassRules(source.bypass), ...wayRules(source)];
  return `${ENGINE}THROUGH = ${literal(through)};\nRULES = [${rules
    .map((rule) => `\n  ${literal(rule)}`)
    .join(',')}\n];\n`;
}

/** Every program knows `PROXY`; `SOCKS` is what older ones call SOCKS in any version. */
function places({ host, port, socks, http }: PacProxy): string[] {
  const place = hostPort(host, port);
  return [
    ...(http ? [`PROXY ${place}`] : []),
    ...(socks ? [`SOCKS5 ${place}`] : []),
    ...(socks && !http ? [`SOCKS ${place}`] : []),
  ];
}

function bypassRules(bypass: readonly string[]): PacRule[] {
  return parseBypassList(bypass).map((one) => [hostsOf(one), ...ALL_PORTS, 1]);
}

function hostsOf(one: Bypass): PacRule[0] {
  switch (one.kind) {
    case 'plain':
      return '-';
    case 'name':
      return one.name.replace(/^\*/, '');
    case 'network':
      return one.bits === 0 ? '*' : [one.octets, one.bits];
  }
}

function wayRules({ via, request }: PacSource): PacRule[] {
  const denied = request.filter((rule) => rule.trim().startsWith('!'));
  // Where only some things are allowed, the proxy has to see all of them.
  if (denied.length < request.length) return [];
  return [
    ...denied.map(denialRule),
    ...via.map((rule) => {
      const { destination, ways } = partsOfVia(rule);
      const isDirect = ways.length === 1 && ways[0] === 'direct';
      return ruleOf(destination === '' ? '*' : destination, isDirect ? 1 : 0);
    }),
  ];
}

/**
 * What a rule `!COMMAND[:DESTINATION[:PORTS]]` denies. One that names a host is about the addresses of
 * that as well, which may be those of any destination.
 */
function denialRule(rule: string): PacRule {
  const [, destination = '*'] = /^\s*!\s*[^:]*:(.*)$/s.exec(rule) ?? [];
  const denial = ruleOf(destination, 0);
  const [hosts, first, last] = denial;
  const isHost = typeof hosts === 'string' && !hosts.startsWith('.');
  return isHost ? ['*', first, last, 0] : denial;
}

/** A rule about `HOST[/BITS][:PORTS]`; what cannot be read is about everything, for the proxy. */
function ruleOf(destination: string, direct: 0 | 1): PacRule {
  const { host, ports } = splitDestination(destination.trim().toLowerCase());
  const range = portsOf(ports);
  if (range === undefined) return ['*', ...ALL_PORTS, 0];
  if (host === '*') return ['*', ...range, direct];
  try {
    const hosts = hostsOf(parseBypass(host));
    return hosts === '-' ? ['*', ...ALL_PORTS, 0] : [hosts, ...range, direct];
  } catch {
    return ['*', ...ALL_PORTS, 0];
  }
}

function splitDestination(text: string): { host: string; ports: string | undefined } {
  const [, address, bits = '', behind] = /^\[([^\]]*)\](\/\d+)?(?::(.*))?$/.exec(text) ?? [];
  if (address !== undefined) return { host: `${address}${bits}`, ports: behind };
  const [host = '', ports, ...rest] = text.split(':');
  return rest.length > 0 ? { host: text, ports: undefined } : { host, ports };
}

function portsOf(text: string | undefined): readonly [number, number] | undefined {
  if (text === undefined) return ALL_PORTS;
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  return first === undefined ? undefined : [Number(first), Number(last)];
}

/** A value as a script has it that is ASCII whatever is in it, and that no markup can end. */
function literal(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]|[<>&]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What each rule is asked: `yes`, `no`, or `maybe` of what a script cannot know. */
const ENGINE = `// Made by PicoSOCKS5: which way programs take to a destination.
var THROUGH, RULES;
function FindProxyForURL(url, host) {
  host = String(host).toLowerCase().replace(/^\\[|\\]$/g, '').replace(/\\.+$/, '');
  var octets = octetsOf(host);
  var port = portOf(String(url));
  for (var i = 0; i < RULES.length; i++) {
    var rule = RULES[i];
    var fits = both(fitsHost(rule[0], host, octets), fitsPort(rule[1], rule[2], port));
    if (fits === 'no') continue;
    if (!rule[3]) return THROUGH;
    if (fits === 'yes') return 'DIRECT';
  }
  return THROUGH;
}
function both(one, other) {
  if (one === 'no' || other === 'no') return 'no';
  return one === 'yes' && other === 'yes' ? 'yes' : 'maybe';
}
function fitsHost(hosts, host, octets) {
  if (hosts === '*') return 'yes';
  if (typeof hosts !== 'string') {
    if (!octets) return 'maybe';
    return isIn(octets, hosts[0], hosts[1]) ? 'yes' : 'no';
  }
  if (octets) return 'no';
  if (hosts === '-') return host.indexOf('.') < 0 ? 'yes' : 'no';
  if (hosts.charAt(0) !== '.') return host === hosts ? 'yes' : 'no';
  var at = host.length - hosts.length;
  return at >= 0 && host.substring(at) === hosts ? 'yes' : 'no';
}
function fitsPort(first, last, port) {
  if (first === 0 && last === 65535) return 'yes';
  if (port < 0) return 'maybe';
  return port >= first && port <= last ? 'yes' : 'no';
}
function portOf(url) {
  var parts = /^([a-z][a-z0-9+.-]*):\\/\\/(?:[^\\/?#@]*@)?(\\[[^\\]]*\\]|[^:\\/?#]*)(?::(\\d+))?/i.exec(url);
  if (!parts) return -1;
  if (parts[3]) return Number(parts[3]);
  var known = { http: 80, ws: 80, https: 443, wss: 443, ftp: 21 }[parts[1].toLowerCase()];
  return typeof known === 'number' ? known : -1;
}
function isIn(octets, prefix, bits) {
  if (bits === 0) return true;
  if (octets.length !== prefix.length) return false;
  for (var i = 0; i < prefix.length && bits > 0; i++, bits -= 8) {
    var shift = bits >= 8 ? 0 : 8 - bits;
    if (octets[i] >> shift !== prefix[i] >> shift) return false;
  }
  return true;
}
function octetsOf(host) {
  if (host.indexOf(':') >= 0) return octetsOf6(host);
  return /^\\d+(\\.\\d+){3}$/.test(host) ? octetsOf4(host) : null;
}
function octetsOf4(text) {
  var octets = text.split('.');
  for (var i = 0; i < 4; i++) octets[i] = Number(octets[i]);
  return octets;
}
function octetsOf6(text) {
  var end = /^(.*:)(\\d+(?:\\.\\d+){3})$/.exec(text);
  if (end) {
    var v4 = octetsOf4(end[2]);
    text = end[1] + (v4[0] * 256 + v4[1]).toString(16) + ':' + (v4[2] * 256 + v4[3]).toString(16);
  }
  var parts = text.split('::');
  var before = parts[0] ? parts[0].split(':') : [];
  var after = parts.length > 1 && parts[1] ? parts[1].split(':') : [];
  var words = before;
  if (parts.length > 1) {
    while (words.length + after.length < 8) words.push('0');
    words = words.concat(after);
  }
  var octets = [];
  for (var i = 0; i < words.length; i++) {
    var word = parseInt(words[i], 16);
    octets.push(word >> 8, word & 255);
  }
  var isMapped = octets[10] === 255 && octets[11] === 255;
  for (var j = 0; j < 10; j++) if (octets[j] !== 0) isMapped = false;
  return isMapped ? octets.slice(12) : octets;
}
`;
