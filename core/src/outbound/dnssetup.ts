import { hostname } from 'node:os';
import { WatchedFile } from '../base/watchedfile.js';

/** How this machine asks the DNS (resolv.conf(5)). */
export interface DnsSetup {
  /** `ADDRESS[:PORT]` of servers; those of resolv.conf if left out. */
  readonly servers?: readonly string[];
  /** Domains that short names may be in. */
  readonly search: readonly string[];
  /** A name with as many dots is asked for as it is at first. */
  readonly ndots: number;
  /** How long the first try waits for an answer, ms. */
  readonly timeout: number;
  /** How often each server is asked. */
  readonly tries: number;
  /** Whether others than the DNS know names without a dot, and those below `local` (mDNS). */
  readonly others: { readonly short: boolean; readonly local: boolean };
}

/** Where names are looked for, in the main (nsswitch.conf(5)). */
export interface NameService {
  /** Whether the list of hosts comes before the DNS. */
  readonly hostsFirst: boolean;
  /** undefined: only getaddrinfo(3) knows how. */
  readonly dns: DnsSetup | undefined;
}

const DEFAULT_TIMEOUT = 2000;
const DEFAULT_TRIES = 2;

/** The DNS as it is asked where nothing is set up. */
export const PLAIN_DNS: DnsSetup = {
  search: [],
  ndots: 1,
  timeout: DEFAULT_TIMEOUT,
  tries: DEFAULT_TRIES,
  others: { short: false, local: false },
};

/** Services that know names without a dot, or this machine's own. */
const shortNames = /^(resolve|myhostname|mymachines|libvirt|libvirt_guest)$/;
const multicastNames = /^(resolve|mdns\w*)$/;
const understood = /^(files|dns)$/;

/** What stands behind a keyword of resolv.conf(5), its last line's. */
function lastValueOf(text: string, keyword: string): string[] | undefined {
  const values = text
    .split('\n')
    .map((line) =>
      line
        .replace(/[#;].*/, '')
        .trim()
        .split(/\s+/),
    )
    .filter(([first]) => first === keyword);
  return values.at(-1)?.slice(1);
}

function numberOf(options: readonly string[], name: string, most: number): number | undefined {
  const text = options.findLast((option) => option.startsWith(`${name}:`))?.slice(name.length + 1);
  return text !== undefined && /^\d{1,4}$/.test(text) ? Math.min(Number(text), most) : undefined;
}

/**
 * Reads how names are looked for.
 *
 * @param nsswitch nsswitch.conf(5); empty where there is none: hosts, then the DNS.
 * @param resolv resolv.conf(5).
 * @param host this machine's name.
 */
export function readNameService(nsswitch: string, resolv: string, host: string): NameService {
  const line = /^\s*hosts:([^#\n]*)/m.exec(nsswitch)?.[1] ?? 'files dns';
  const services = line
    .replace(/\[[^\]]*\]/g, ' ')
    .trim()
    .split(/\s+/);
  const first = (name: string) => (services.includes(name) ? services.indexOf(name) : 99);
  // systemd-resolved reads the list of hosts itself.
  const hostsFirst = Math.min(first('files'), first('resolve')) < first('dns');
  return { hostsFirst, dns: readDnsSetup(services, resolv, host) };
}

function readDnsSetup(
  services: readonly string[],
  resolv: string,
  host: string,
): DnsSetup | undefined {
  const known = (name: string) =>
    [understood, shortNames, multicastNames].some((kind) => kind.test(name));
  if (!services.every(known)) return undefined;
  const servers = resolv.match(/^\s*nameserver\s+\S+/gm) ?? [];
  // The stub of systemd-resolved knows which server to ask for which name; nobody else does.
  const stub = servers.every((line) => /\s127\.0\.0\.5[34]$/.test(line)) && servers.length > 0;
  if (services.includes('resolve') ? !stub : !services.includes('dns')) return undefined;

  const options = lastValueOf(resolv, 'options') ?? [];
  const own = host.includes('.') ? [host.slice(host.indexOf('.') + 1)] : [];
  const search = lastValueOf(resolv, 'search') ?? lastValueOf(resolv, 'domain') ?? own;
  const timeout = numberOf(options, 'timeout', 30);
  return {
    search: search.filter((domain) => domain !== '.'),
    ndots: numberOf(options, 'ndots', 15) ?? 1,
    timeout: timeout === undefined ? DEFAULT_TIMEOUT : Math.max(timeout, 1) * 1000,
    tries: Math.max(numberOf(options, 'attempts', 5) ?? DEFAULT_TRIES, 1),
    others: {
      short: services.some((name) => shortNames.test(name)),
      local: services.some((name) => multicastNames.test(name)),
    },
  };
}

/** What changes getaddrinfo(3) in ways that are not read here. */
const variables = ['RES_OPTIONS', 'LOCALDOMAIN', 'HOSTALIASES'];
const asksItself = process.platform !== 'win32' && process.platform !== 'darwin';

/** This machine's way of looking for names, read again when its files change. */
export class SystemNameService {
  readonly #nsswitch = new WatchedFile('/etc/nsswitch.conf', (text) => ({ text }));
  readonly #resolv = new WatchedFile('/etc/resolv.conf', (text) => ({ text }));
  #read: readonly unknown[] = [];
  #service: NameService = { hostsFirst: true, dns: undefined };

  /** The same object while nothing has changed. */
  get(): NameService {
    if (!asksItself || variables.some((name) => process.env[name] !== undefined)) {
      return this.#service;
    }
    const [nsswitch, resolv] = [this.#nsswitch.get(), this.#resolv.get()];
    if (this.#read[0] !== nsswitch || this.#read[1] !== resolv) {
      this.#read = [nsswitch, resolv];
      this.#service = readNameService(nsswitch.text, resolv.text, hostname());
    }
    return this.#service;
  }
}

/**
 * The names to ask the DNS for, in their order; none if others may know the name.
 *
 * @param name in lower case; a dot at its end says that it is whole.
 */
export function dnsNames(
  name: string,
  { search, ndots, others }: DnsSetup,
  host: string,
): string[] {
  const whole = name.endsWith('.');
  const bare = whole ? name.slice(0, -1) : name;
  const dots = bare.split('.').length - 1;
  if (others.short && (dots === 0 || bare === host.toLowerCase())) return [];
  if (others.local && /(^|\.)local$/.test(bare)) return [];
  if (whole) return [bare];
  const longer = search.map((domain) => `${bare}.${domain.replace(/\.$/, '')}`);
  return dots >= ndots ? [bare, ...longer] : [...longer, bare];
}
