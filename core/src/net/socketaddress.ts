import type { Socket } from 'node:net';
import type { Address } from '../protocol/address.js';
import { canonicalIP } from '../protocol/ip.js';

const unknown: Address = { host: '0.0.0.0', port: 0 };

/** The local end of a connection; 0.0.0.0:0 if it is gone. */
export function localAddress({ localAddress: host, localPort: port }: Socket): Address {
  return host === undefined || port === undefined ? unknown : { host: canonicalIP(host), port };
}

/** The far end of a connection; 0.0.0.0:0 if it is gone. */
export function remoteAddress({ remoteAddress: host, remotePort: port }: Socket): Address {
  return host === undefined || port === undefined ? unknown : { host: canonicalIP(host), port };
}
