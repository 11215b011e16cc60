import type { AccessPolicy } from '../access/policy.js';
import { chap } from '../auth/chap.js';
import type { AuthenticationMethod } from '../auth/method.js';
import { none } from '../auth/none.js';
import type { AuthenticationSourceFormat } from '../auth/source.js';
import { userpass } from '../auth/userpass.js';
import { Registry } from '../base/registry.js';
import type { EventSink } from '../log/events.js';
import { direct } from '../outbound/direct.js';
import type { Outbound } from '../outbound/outbound.js';
import type { Dialect } from '../session/dialect.js';
import { socks4 } from '../session/dialects/socks4.js';
import { socks5 } from '../session/dialects/socks5.js';

/** What a server can do. The built-in parts come through the same doors as extensions. */
export interface Registries {
  /** What clients speak: each is served by the first that recognizes it. */
  readonly dialects: Registry<Dialect>;
  readonly authenticationMethods: Registry<AuthenticationMethod>;
  /** Formats of `--auth FORMAT:FILE`. */
  readonly authenticationSources: Registry<AuthenticationSourceFormat>;
  readonly accessPolicies: Registry<AccessPolicy>;
  /** Ways out: the last one registered that serves a connection makes it. */
  readonly outbounds: Registry<Outbound>;
  readonly eventSinks: Registry<EventSink>;
}

/** Makes the registries of a server, with the built-in parts that need nothing of it. */
export function createRegistries(): Registries {
  const registries: Registries = {
    dialects: new Registry('dialect'),
    authenticationMethods: new Registry('authentication method'),
    authenticationSources: new Registry('format of authentication files'),
    accessPolicies: new Registry('access policy'),
    outbounds: new Registry('outbound'),
    eventSinks: new Registry('event sink'),
  };
  for (const dialect of [socks5, socks4]) registries.dialects.register(dialect);
  for (const method of [none, userpass, chap]) registries.authenticationMethods.register(method);
  registries.outbounds.register(direct);
  return registries;
}
