/** A program of this computer. */
export interface Program {
  /** As people call it, such as `curl`. */
  readonly name: string;
  /** Its file; empty if that cannot be told. */
  readonly path: string;
  readonly pid: number;
}

/** The end of a client's connection, which no other one has at the same time. */
export interface Endpoint {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/** Finds out which programs have some ends of connections. It may block: it runs off the main thread. */
export interface Finder {
  /**
   * @param clients ends of connections on this computer.
   * @param ports where the other ends may be: the server's ports.
   * @returns their programs in the same order; undefined for one that cannot be told.
   */
  find(
    clients: readonly Endpoint[],
    ports: ReadonlySet<number>,
  ): Promise<readonly (Program | undefined)[]>;
}

/** One text for an end, whatever notation its address has: tables of sockets have their own. */
export function endpointKey(host: string, port: number | string): string {
  const bare = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (!bare.includes(':')) return `${bare}:${port}`;
  const groups = groupsOf(bare);
  const [a, b, c, d, e, f, g = 0, h = 0] = groups;
  const isMapped = !(a || b || c || d || e) && f === 0xffff;
  if (isMapped) return `${g >> 8}.${g & 255}.${h >> 8}.${h & 255}:${port}`;
  return `[${groups.map((group) => group.toString(16)).join(':')}]:${port}`;
}

/** The groups of an IPv6 address that is one (RFC 4291 section 2.2). */
function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (high: unknown, low: unknown) => (Number(high) * 256 + Number(low)).toString(16);
  const text =
    dotted === null
      ? address
      : `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`;
  const [head = '', tail] = text.split('::');
  const read = (part: string) =>
    (part === '' ? [] : part.split(':')).map((x) => Number.parseInt(x, 16));
  if (tail === undefined) return read(head);
  const [before, after] = [read(head), read(tail)];
  const missing = Math.max(0, 8 - before.length - after.length);
  return [...before, ...new Array<number>(missing).fill(0), ...after];
}

/** The last part of a path, without the ending that all programs of Windows have. */
export function nameOf(path: string): string {
  return (path.split(/[\\/]/).at(-1) ?? path).replace(/\.exe$/i, '');
}
