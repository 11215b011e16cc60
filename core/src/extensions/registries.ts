import type { AccessPolicy } from '../access/policy.js';
import { chap } from '../auth/chap.js';
import type { AuthenticationMethod } from '../auth/method.js';
import { none } from '../auth/none.js';
import type { AuthenticationSourceFormat } from '../auth/source.js';
import { userpass } from '../auth/userpass.js';
import { Registry } from '../base/registry.js';
import type { EventSink } from '../log/events.js';
import { type Connector, direct } from '../outbound/connector.js';

/** What a server can do. The built-in parts come through the same doors as extensions. */
export interface Registries {
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
    authenticationMethods: new Registry('authentication method'),
    authenticationSources: new Registry('format of authentication files'),
    accessPolicies: new Registry('access policy'),
    connectors: new Registry('connector'),
    eventSinks: new Registry('event sink'),
  };
  for (const method of [none, userpass, chap]) registries.authenticationMethods.register(method);
  registries.connectors.register(direct);
  return registries;
}
