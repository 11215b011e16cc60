import { createHash, createHmac } from 'node:crypto';

/** A file of known host keys (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHostsFile {
  readonly name: string;
  readonly text: string;
}

/** Where a line stands, such as `/root/.ssh/known_hosts:12`. */
type Place = string;

/** What the files say of a host's key. */
export type Verdict =
  | { readonly kind: 'known' }
  /** @param others where keys of other types of the same host stand. */
  | { readonly kind: 'unknown'; readonly others: readonly Place[] }
  | { readonly kind: 'changed' | 'revoked'; readonly place: Place };

interface Line {
  readonly place: Place;
  readonly marker: string | undefined;
  readonly hosts: string;
  readonly type: string;
  readonly key: Buffer;
}

/** What the keys of one host are looked for by. */
export class HostKeys {
  readonly #exact: readonly Line[];
  /** Those that say no port: of a host at another port than 22 they may be right, never wrong. */
  readonly #portless: readonly Line[];

  /** @param host an IP address or a name. */
  constructor(files: readonly KnownHostsFile[], host: string, port: number) {
    const lines = files.flatMap(linesOf).filter(({ marker }) => marker !== '@cert-authority');
    const name = host.toLowerCase();
    const find = (one: string) => lines.filter(({ hosts }) => matches(one, hosts));
    this.#exact = find(nameOf(name, port));
    this.#portless = port === 22 ? [] : find(name);
  }

  /** The types of its keys that are known, such as `ssh-ed25519`: those are to be asked for. */
  get types(): string[] {
    const all = [...this.#exact, ...this.#portless].filter(({ marker }) => marker === undefined);
    return [...new Set(all.map(({ type }) => type))];
  }

  /** @param key as the host has shown it (RFC 4253 section 6.6). */
  judge(key: Buffer): Verdict {
    const all = [...this.#exact, ...this.#portless];
    const isSame = (line: Line) => line.key.equals(key);
    const revoked = all.find((line) => line.marker === '@revoked' && isSame(line));
    if (revoked !== undefined) return { kind: 'revoked', place: revoked.place };
    if (all.some((line) => line.marker === undefined && isSame(line))) return { kind: 'known' };
    const type = typeOf(key);
    const own = this.#exact.filter(({ marker }) => marker === undefined);
    const other = own.find((line) => line.type === type);
    if (other !== undefined) return { kind: 'changed', place: other.place };
    return { kind: 'unknown', others: own.map(({ place }) => place) };
  }
}

/** How a host is written in a file of known hosts. */
export function nameOf(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** The type that a key says it is of; empty if it says none. */
export function typeOf(key: Buffer): string {
  if (key.length < 4) return '';
  return key.subarray(4, 4 + Math.min(key.readUInt32BE(0), 64)).toString('latin1');
}

/** What people compare a key by, such as `SHA256:...`. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The lines of a file that say something; what is malformed is left out, as ssh does. */
function linesOf({ name, text }: KnownHostsFile): Line[] {
  return text.split('\n').flatMap((line, i) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === '' || words[0]?.startsWith('#')) return [];
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [hosts, type, base64] = words;
    if (hosts === undefined || type === undefined || base64 === undefined) return [];
    const key = Buffer.from(base64, 'base64');
    if (typeOf(key) !== type) return [];
    return [{ place: `${name}:${i + 1}`, marker, hosts, type, key }];
  });
}

/** Whether the hosts of a line are about one, by its name in lower case. */
function matches(name: string, hosts: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(name, hosts);
  let found = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    const isNegated = pattern.startsWith('!');
    if (!matchesPattern(name, isNegated ? pattern.slice(1) : pattern)) continue;
    if (isNegated) return false;
    found = true;
  }
  return found;
}

/** `|1|SALT|HASH`: HMAC-SHA1 of the name, both in Base64 (HashKnownHosts of ssh_config(5)). */
function matchesHash(name: string, hosts: string): boolean {
  const [, version, salt = '', hash = ''] = hosts.split('|');
  if (version !== '1') return false;
  const own = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return own.equals(Buffer.from(hash, 'base64'));
}

/** Whether a name fits a pattern, in which `*` is any characters and `?` is one. */
function matchesPattern(name: string, pattern: string): boolean {
  // Where to go on when what is behind the last `*` does not fit.
  let [star, from] = [-1, 0];
  let p = 0;
  for (let n = 0; n < name.length; ) {
    if (pattern[p] === '*') [star, from] = [p++, n];
    else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n]))
      [p, n] = [p + 1, n + 1];
    else if (star >= 0) [p, n] = [star + 1, ++from];
    else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
