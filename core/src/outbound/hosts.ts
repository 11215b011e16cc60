import { WatchedFile } from '../base/watchedfile.js';
import { canonicalIP, parseIP } from '../protocol/ip.js';
import { type Family, familyOf } from './prefer.js';

const loopback = ['::1', '127.0.0.1'];

/** Where the system's list of hosts is (hosts(5)). */
export const HOSTS_FILE =
  process.platform === 'win32'
    ? `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts`
    : '/etc/hosts';

/**
 * Reads hosts(5): lines of an address and its names. A name may have several lines.
 *
 * @returns addresses in canonical form by name, in lower case; lines that are none are left out.
 */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (parseIP(address) === undefined) continue;
    for (const name of names) {
      const key = nameKey(name);
      const addresses = hosts.get(key);
      if (addresses === undefined) hosts.set(key, [canonicalIP(address)]);
      else if (!addresses.includes(canonicalIP(address))) addresses.push(canonicalIP(address));
    }
  }
  return hosts;
}

/** What a name is known by: in lower case, without the dot that may end it. */
export function nameKey(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** Names whose addresses this machine knows without asking anybody. */
export class KnownHosts {
  readonly #file: WatchedFile<ReadonlyMap<string, readonly string[]>>;

  constructor(file = HOSTS_FILE) {
    this.#file = new WatchedFile(file, parseHosts);
  }

  /**
   * The addresses of a name that stands in the list of hosts; else those of loopback for
   * `localhost` and what is below it (RFC 6761 section 6.3).
   *
   * @param key as {@link nameKey} makes it.
   * @param family whose addresses are of use; undefined: both families' are.
   * @returns undefined if none is known.
   */
  find(key: string, family?: Family): readonly string[] | undefined {
    const isLocal = key === 'localhost' || key.endsWith('.localhost');
    const isUsable = (address: string) => family === undefined || familyOf(address) === family;
    const listed = this.#file.get().get(key)?.filter(isUsable) ?? [];
    if (listed.length > 0) return listed;
    return isLocal ? loopback.filter(isUsable) : undefined;
  }
}
