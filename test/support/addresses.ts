import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const known = new Map<string, Promise<boolean>>();

async function canListen(host: string): Promise<boolean> {
  const server = createServer().listen(0, host);
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** Whether an IP address is one of this machine's. */
export function isHere(host: string): Promise<boolean> {
  const answer = known.get(host) ?? canListen(host);
  known.set(host, answer);
  return answer;
}

/**
 * The `skip` option of a test that needs addresses: undefined if this machine has them, otherwise
 * the reason. `::1` is missing without IPv6, and macOS has no more than 127.0.0.1 of 127.0.0.0/8.
 */
export async function unlessHere(...hosts: string[]): Promise<string | undefined> {
  const here = await Promise.all(hosts.map(isHere));
  const missing = hosts.filter((_, i) => !here[i]);
  return missing.length === 0 ? undefined : `not an address here: ${missing.join(', ')}`;
}

/** The addresses of this machine that a name stands for: `localhost` may be 127.0.0.1, ::1 or both. */
export async function addressesHere(name: string): Promise<string[]> {
  const found = await lookup(name, { all: true });
  const addresses = [...new Set(found.map(({ address }) => address))];
  const here = await Promise.all(addresses.map(isHere));
  return addresses.filter((_, i) => here[i]);
}

/** What listens at an address and can stop. */
interface Listening {
  address(): AddressInfo | string | null;
  close(): unknown;
}

/** How often a port is tried that is free at the first address of a name and not at another. */
const ATTEMPTS = 10;

/**
 * Opens the same port at every address that a name has here.
 *
 * @param open listens at an address and a port, 0 for any that is free.
 * @returns what listens, at least one.
 */
export async function listenAtEach<T extends Listening>(
  name: string,
  open: (host: string, port: number) => Promise<T>,
): Promise<[T, ...T[]]> {
  const [first, ...others] = await addressesHere(name);
  if (first === undefined) throw new Error(`${name} has no address here`);
  for (let attempt = 1; ; attempt++) {
    const listeners: [T, ...T[]] = [await open(first, 0)];
    const { port } = listeners[0].address() as AddressInfo;
    try {
      for (const host of others) listeners.push(await open(host, port));
      return listeners;
    } catch (error) {
      for (const listener of listeners) listener.close();
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
