import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Address } from '../protocol/address.js';
import { toTransport } from './sockettransport.js';
import { nowhere, type Transport } from './transport.js';

/** The far end of a connection that somebody else has made; undefined if it does not say. */
export function remoteOf(connection: Transport | Duplex): Address | undefined {
  if ('readTo' in connection) return connection.remote === nowhere ? undefined : connection.remote;
  const { remoteAddress: host, remotePort: port } = connection as Partial<Socket>;
  return host === undefined || port === undefined ? undefined : { host, port };
}

/** A connection that somebody else has accepted, as a transport that finishes each way by itself. */
export function adopt(connection: Transport | Duplex): Transport {
  if (!('readTo' in connection)) connection.allowHalfOpen = true;
  return toTransport(connection);
}
