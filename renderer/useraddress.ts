import { type Endpoint, proxyUrl } from '../main/ipc/contract.js';

/** Whether only programs on this computer reach an address. */
export function isOwnOnly({ host }: Pick<Endpoint, 'host'>): boolean {
  return host.startsWith('127.') || host === '::1' || host === 'localhost';
}

/**
 * The address at which a user's programs reach the proxy, without the password:
 * `socks5h://alice@192.0.2.7:1080`. It is one that other computers reach, if there is any.
 *
 * @returns undefined while the proxy listens nowhere.
 */
export function userAddress(name: string, endpoints: readonly Endpoint[]): string | undefined {
  const endpoint = endpoints.find((candidate) => !isOwnOnly(candidate)) ?? endpoints[0];
  if (endpoint === undefined) return undefined;
  const { lan: _lan, ...bare } = endpoint;
  return proxyUrl(bare, false).replace('://', `://${encodeURIComponent(name)}@`);
}
