import { networkInterfaces } from 'node:os';
import { type Address, formatAddress } from 'picosocks5';
import {
  type Endpoint,
  type InterfaceAddress,
  THIS_COMPUTER,
  UNKNOWN_PLACE,
} from '../ipc/contract.js';

/** What `os.networkInterfaces()` gives. */
export type Interfaces = ReturnType<typeof networkInterfaces>;

/** The addresses of this machine that others, or its own programs, can use. */
export function interfaceAddresses(
  interfaces: Interfaces = networkInterfaces(),
): InterfaceAddress[] {
  return Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ address }) => !address.startsWith('fe80:'))
      .map(({ address, internal }) => ({ interface: internal ? THIS_COMPUTER : name, address })),
  );
}

/** Every address at which a server is reached that listens at some: wildcards are spelt out. */
export function endpointsOf(
  listening: readonly Address[],
  addresses: readonly InterfaceAddress[],
): Endpoint[] {
  const endpoints = listening.flatMap(({ host, port }): Endpoint[] => {
    const wildcard = host === '0.0.0.0' || host === '::';
    const family = host.includes(':');
    const fitting = addresses.filter(({ address }) =>
      wildcard ? address.includes(':') === family : address === host,
    );
    if (fitting.length === 0) {
      return [{ host, port, place: isLoopback(host) ? THIS_COMPUTER : UNKNOWN_PLACE }];
    }
    return fitting.map(({ address, interface: place }) => ({ host: address, port, place }));
  });
  const rank = ({ place, host }: Endpoint) =>
    (place === THIS_COMPUTER ? 0 : 2) + Number(host.includes(':'));
  return endpoints.sort((a, b) => rank(a) - rank(b));
}

/** The addresses at which a server listens that the machine does not have at present. */
export function missingAddresses(
  listening: readonly Address[],
  addresses: readonly InterfaceAddress[],
): string[] {
  const hosts = listening.map(({ host }) => host);
  return hosts.filter(
    (host) =>
      host !== '0.0.0.0' &&
      host !== '::' &&
      !host.startsWith('127.') &&
      !addresses.some(({ address }) => address === host),
  );
}

/** Whether only programs on this computer can reach an address. */
function isLoopback(host: string): boolean {
  return /^(::ffff:)?127\./i.test(host) || host === '::1';
}

/** Where a server that listens at some addresses is reached by other computers. */
export function beyondLoopback(listening: readonly Address[]): string[] {
  return listening.filter(({ host }) => !isLoopback(host)).map(formatAddress);
}
