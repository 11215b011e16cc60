import type { AccessCheck } from '../access/accesscheck.js';
import type { PasswordChecker } from '../auth/passwords.js';
import type { State } from '../config/loaded.js';
import type { Registries } from '../extensions/registries.js';
import type { EventStream } from '../log/events.js';
import type { Resolver } from '../outbound/resolve.js';
import type { Listener } from '../session/listener.js';
import type { SessionSettings } from '../session/session.js';
import type { Limits } from '../session/usage.js';
import { ANY_PORT, type PortRange, parsePortRange } from '../transport/ports.js';

/** What all listeners of a server have in common. */
export interface ListenerParts extends Limits {
  readonly registries: Registries;
  readonly access: AccessCheck;
  readonly passwords: PasswordChecker;
  readonly resolver: Resolver;
  readonly events: EventStream;
  /** Told of the system's errors behind refusals. */
  trouble(error: unknown): void;
}

/** The listeners that options describe, each with how it serves. */
export function listenersOf(state: State, parts: ListenerParts): Listener[] {
  const tellsListener = state.listeners.length > 1;
  return state.listeners.map(({ name }) => ({
    name,
    settings: { ...settingsOf(state, parts), listener: name, tellsListener },
  }));
}

function settingsOf(
  { options, users, external, advertised }: State,
  { registries, passwords, ...parts }: ListenerParts,
): Omit<SessionSettings, 'listener' | 'tellsListener'> {
  return {
    ...parts,
    dialects: registries.dialects,
    methods: registries.authenticationMethods,
    authentication: { anonymous: options.anonymous || !users.configured, users, passwords },
    socks4: options.socks4,
    handshakeTimeout: shorter(options.handshakeTimeout, options.timeout) * 1000,
    idleTimeout: options.timeout * 1000,
    commands: {
      outbounds: registries.outbounds,
      connectTimeout: options.connectTimeout * 1000,
      bindTimeout: options.bindTimeout * 1000,
      udpTimeout: options.udpTimeout * 1000,
      external,
      advertised,
      bindPorts: portsOf(options.bindPorts),
      udpPorts: portsOf(options.udpPorts),
    },
  };
}

/** The shorter of two times; 0 is no limit. */
function shorter(a: number, b: number): number {
  return a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b);
}

function portsOf(text: string | undefined): PortRange {
  return text === undefined ? ANY_PORT : parsePortRange(text);
}
