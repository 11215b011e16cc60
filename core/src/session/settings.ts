import type { AccessCheck } from '../access/accesscheck.js';
import type { Authentication, AuthenticationMethod } from '../auth/method.js';
import type { EventStream } from '../log/events.js';
import type { Resolver } from '../outbound/resolve.js';
import type { CommandSettings } from './commands/command.js';
import type { Dialect } from './dialect.js';
import type { Layer } from './layer.js';
import type { Limits } from './usage.js';

/** What a session needs of its listener: fixed when the client connects. Times are ms. */
export interface SessionSettings extends Limits {
  /** The listener's name. */
  readonly listener: string;
  /** Whether events tell it: where there is more than one. */
  readonly tellsListener: boolean;
  /** What clients of some of its addresses speak before all else, by the addresses' schemes. */
  readonly layers: ReadonlyMap<string, Layer>;
  readonly dialects: Iterable<Dialect>;
  readonly methods: Iterable<AuthenticationMethod>;
  readonly authentication: Authentication;
  /** Whether clients may speak SOCKS 4 where anonymous access is allowed. */
  readonly socks4: boolean;
  /** Whether clients may speak HTTP. */
  readonly http: boolean;
  readonly access: AccessCheck;
  readonly resolver: Resolver;
  /** From accept to the complete request; 0: no limit. */
  readonly handshakeTimeout: number;
  /** Without a byte moving either way; 0: no limit. */
  readonly idleTimeout: number;
  readonly commands: CommandSettings;
  readonly events: EventStream;
  /** Told of the system's errors behind refusals. */
  trouble(error: unknown): void;
}

/** The listener's name where events tell it. */
export function toldListener(settings: SessionSettings): string | undefined {
  return settings.tellsListener ? settings.listener : undefined;
}
