import type { ListeningAddress } from '../listening/listeningsocket.js';
import type { ListenChange } from '../listening/listeningsockets.js';
import type { EventStream } from '../log/events.js';

/**
 * Tells where the server listens now, and where no more.
 *
 * @param isNamed whether events say which listener they are about: there are several.
 */
export function tellMoved(events: EventStream, change: ListenChange, isNamed: boolean): void {
  const troubles = [...change.missing.map(({ error }) => error), ...change.unchanged];
  for (const { message } of troubles) events.warn(message);
  tellStopped(events, change.stopped, isNamed);
  for (const address of change.started) tell(events, 'listening', address, isNamed);
  for (const { before, ...address } of change.moved) {
    tell(events, 'listening', address, true, { before });
  }
}

/** Tells where the server does not listen any more. */
export function tellStopped(
  events: EventStream,
  addresses: readonly ListeningAddress[],
  isNamed: boolean,
): void {
  for (const address of addresses) tell(events, 'stopped', address, isNamed);
}

function tell(
  events: EventStream,
  type: 'listening' | 'stopped',
  { host, port, scheme, listener }: ListeningAddress,
  isNamed: boolean,
  more: { readonly before?: string } = {},
): void {
  const named = {
    ...(scheme === undefined ? {} : { scheme }),
    ...(isNamed ? { listener } : {}),
  };
  events.emit({ type, time: Date.now(), address: { host, port }, ...named, ...more });
}
