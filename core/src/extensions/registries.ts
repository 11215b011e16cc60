import type { AccessPolicy } from '../access/policy.js';
import { chap } from '../auth/chap.js';
import type { AuthenticationMethod } from '../auth/method.js';
import { none } from '../auth/none.js';
import { passwordFileFormat } from '../auth/passwordsource.js';
import type { AuthenticationSourceFormat } from '../auth/source.js';
import { userpass } from '../auth/userpass.js';
import { Registry } from '../base/registry.js';
import type { EventSink } from '../log/events.js';
import { direct } from '../outbound/direct.js';
import type { ResolverProvider } from '../outbound/lookup.js';
import type { Outbound } from '../outbound/outbound.js';
import { builtInResolvers } from '../outbound/resolvers/builtin.js';
import { http as httpUpstream } from '../outbound/upstream/http.js';
import { socks4a as socks4aUpstream } from '../outbound/upstream/socks4a.js';
import { socks5 as socks5Upstream } from '../outbound/upstream/socks5.js';
import type { Dialect } from '../session/dialect.js';
import { http } from '../session/dialects/http.js';
import { socks4 } from '../session/dialects/socks4.js';
import { socks5 } from '../session/dialects/socks5.js';
import type { LayerFormat } from '../session/layer.js';
import { tlsFormat } from '../session/layers/tls.js';
import type { SharedState } from '../sharing/sharedstate.js';

/**
 * What servers can do. The built-in parts come through the same doors as extensions. Several
 * servers may have the same registries.
 */
export interface Registries {
  /** What clients speak before all else, by the scheme of an address to listen at. */
  readonly layers: Registry<LayerFormat>;
  /** What clients speak: each is served by the first that recognizes it. */
  readonly dialects: Registry<Dialect>;
  readonly authenticationMethods: Registry<AuthenticationMethod>;
  /** Formats of `--auth FORMAT:FILE`. */
  readonly authenticationSources: Registry<AuthenticationSourceFormat>;
  readonly accessPolicies: Registry<AccessPolicy>;
  /**
   * Ways out: those with the schemes of URLs make the connections that `--via` sends through such
   * servers; of the others the last one registered that serves a connection makes it.
   */
  readonly outbounds: Registry<Outbound>;
  /** What opens the URLs of `--resolver`: of several for a scheme, the last one registered. */
  readonly resolvers: Registry<ResolverProvider>;
  readonly eventSinks: Registry<EventSink>;
  /** What servers on several machines have in common: of several the last one registered. */
  readonly sharedStates: Registry<SharedState>;
}

/** What built-in parts need of the process that they run in. */
export interface Surroundings {
  /** Reads a file of users, or of TLS, where that is not up to this process alone. */
  readonly readFile?: ((file: string) => Promise<Buffer>) | undefined;
  /** What TLS encrypts session tickets with, 48 octets, where other processes resume them too. */
  readonly ticketKeys?: Uint8Array | undefined;
}

/** Makes registries with all that is built in. */
export function createRegistries({ readFile, ticketKeys }: Surroundings = {}): Registries {
  const registries: Registries = {
    layers: new Registry('layer'),
    dialects: new Registry('dialect'),
    authenticationMethods: new Registry('authentication method'),
    authenticationSources: new Registry('format of authentication files'),
    accessPolicies: new Registry('access policy'),
    outbounds: new Registry('outbound'),
    resolvers: new Registry('resolver'),
    eventSinks: new Registry('event sink'),
    sharedStates: new Registry('shared state'),
  };
  registries.layers.register(tlsFormat({ readFile, ticketKeys }));
  for (const dialect of [socks5, socks4, http]) registries.dialects.register(dialect);
  for (const method of [none, userpass, chap]) registries.authenticationMethods.register(method);
  registries.authenticationSources.register(passwordFileFormat(readFile));
  for (const outbound of [direct, socks5Upstream, socks4aUpstream, httpUpstream]) {
    registries.outbounds.register(outbound);
  }
  for (const resolver of builtInResolvers) registries.resolvers.register(resolver);
  return registries;
}
