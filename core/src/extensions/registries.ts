import type { AccessPolicy } from '../access/policy.js';
import { chap } from '../auth/chap.js';
import type { AuthenticationMethod } from '../auth/method.js';
import { none } from '../auth/none.js';
import type { AuthenticationSourceFormat } from '../auth/source.js';
import { userpass } from '../auth/userpass.js';
import { Registry } from '../base/registry.js';
import type { EventSink } from '../log/events.js';
import { type Connector, direct } from '../outbound/connector.js';
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
  readonly connectors: Registry<Connector>;
  readonly eventSinks: Registry<EventSink>;
}

/** Makes the registries of a server, with the built-in parts that need nothing of it. */
export function createRegistries(): Registries {
  const registries: Registries = {
    dialects: new Registry('dialect'),
    authenticationMethods: new Registry('authentication method'),
    authenticationSources: new Registry('format of authentication files'),
    accessPolicies: new Registry('access policy'),
    connectors: new Registry('connector'),
    eventSinks: new Registry('event sink'),
  };
  for (const dialect of [socks5, socks4]) registries.dialects.register(dialect);
  for (const method of [none, userpass, chap]) registries.authenticationMethods.register(method);
  registries.connectors.register(direct);
  return registries;
}
