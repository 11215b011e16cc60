import { Balancers } from '../access/balancers.js';
import { DEFAULT_LISTENER } from './listeners.js';
import type { LoadedListener } from './loaded.js';
import { addressBeyond } from './reach.js';

/** What deserves a warning of the load balancers that a listener believes. @returns sentences. */
export function balancerWarnings(listener: LoadedListener): string[] {
  const { name, addresses, users, options } = listener;
  const { proxyProtocol, anonymous } = options;
  if (proxyProtocol.length === 0) return [];
  const place = name === DEFAULT_LISTENER ? '' : `[listener:${name}]: `;
  const messages: string[] = [];
  if (!users.configured && !anonymous) {
    messages.push(
      `${place}proxy-protocol: load balancers may bring clients from anywhere, who can use the ` +
        'proxy since there are no users; name users with auth, or say with anonymous that all may',
    );
  }
  const isReached = addressBeyond(addresses) !== undefined;
  if (isReached && new Balancers(proxyProtocol).areEverywhere) {
    messages.push(
      `${place}proxy-protocol: everybody counts as a load balancer, and can say to be another ` +
        'client; expected the addresses of the load balancers',
    );
  }
  return messages;
}
