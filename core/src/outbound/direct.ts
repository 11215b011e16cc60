import { dial } from './dial.js';
import type { Outbound } from './outbound.js';

/** Connects straight to the destination. */
export const direct: Outbound = {
  id: 'direct',
  resolves: false,
  connect: ({ addresses = [], destination, cancellation, from }) =>
    dial(addresses, destination.port, { cancellation, from }),
};
