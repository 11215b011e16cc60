export { type DestinationMatcher, destinationMatcher } from './access/destinations.js';
export type {
  AccessPolicy,
  AccessRequest,
  ClientContext,
  Denial,
  IpAddress,
  Verdict,
} from './access/policy.js';
export {
  type Account,
  formatAccount,
  formatExpiry,
  hasQuota,
  parseAccount,
  parseExpiry,
  type UserLimits,
} from './auth/account.js';
export { makeHash } from './auth/crypt/formats.js';
export type { AuthenticationFailure, Identity, LoginFailure } from './auth/identity.js';
export type { Lockedout, LockoutFilter } from './auth/lockout.js';
export type {
  Attempt,
  Authenticated,
  Authentication,
  AuthenticationMethod,
  CredentialChecker,
  DatagramEncapsulation,
  Encapsulation,
  Exchange,
  KnownUsers,
} from './auth/method.js';
export {
  checkField,
  formatPasswordLine,
  type PasswordEntry,
  parsePasswordFile,
  plainSecret,
  readPasswordFile,
  secretsOf,
} from './auth/passwordfile.js';
export { eachPasswordLine, type PasswordLine } from './auth/passwordlines.js';
export type {
  AuthenticationSource,
  AuthenticationSourceFormat,
  Secret,
  SourceKind,
  Verification,
} from './auth/source.js';
export type { Awaitable } from './base/awaitable.js';
export { BoundedMap } from './base/boundedmap.js';
export type { CancellationToken } from './base/cancellation.js';
export { monotonic } from './base/clock.js';
export { type Disposable, DisposableStore, toDisposable } from './base/disposable.js';
export {
  messageOf,
  systemMessage,
  UserError,
  type UserErrorCode,
  type UserErrorFacts,
} from './base/errors.js';
export { exposure } from './base/exposure.js';
export { Oldest } from './base/oldest.js';
export type { Registry } from './base/registry.js';
export { Sequence } from './base/sequence.js';
export { parseSize } from './base/sizes.js';
export type { Option, Section, ValueSchema } from './config/option.js';
export { OPTIONS } from './config/optionlist.js';
export { checkServerOptions } from './config/options.js';
export type {
  CheckedOptions,
  CommandOptions,
  GroupOptions,
  ListenerOptions,
  LogFormat,
  LogLevel,
  LogMode,
  ServerOptions,
  Settings,
  UpstreamOptions,
  UserOptions,
} from './config/settings.js';
export type {
  ExtensionCommands,
  ExtensionConfiguration,
  ExtensionContext,
  ExtensionLog,
  ExtensionModule,
  ExtensionRegistries,
  ExtensionRegistry,
  ExtensionSecrets,
  ExtensionServer,
  ExtensionViews,
  ExtensionWorkers,
  Helper,
  HelperOptions,
  ListenPlace,
  Subcommand,
  SubcommandTools,
  ViewHandle,
  ViewProvider,
} from './extensions/api.js';
export type { ExtensionFilter, Found, Origin } from './extensions/catalog.js';
export type { HelperForker, HelperProcess } from './extensions/helper.js';
export type { ExtensionCommand, ExtensionInfo, ExtensionView } from './extensions/host.js';
export type {
  CommandContribution,
  Contribution,
  Manifest,
  Point,
  SubcommandContribution,
  ViewContribution,
} from './extensions/manifest.js';
export type { GivenSettings } from './extensions/plan.js';
export { createRegistries, type Registries, type Surroundings } from './extensions/registries.js';
export type { SecretProvider } from './extensions/secrets.js';
export type { SettingSchema, SettingValue, WrittenSetting } from './extensions/settingschema.js';
export type {
  ExtensionArriving,
  ExtensionLayer,
  ExtensionLayered,
  ExtensionLayerFormat,
} from './extensions/slots/layers.js';
export type {
  ExtensionConnectRequest,
  ExtensionDatagramsRequest,
  ExtensionOutbound,
  ExtensionUpstream,
} from './extensions/slots/outbounds.js';
export type {
  CellValue,
  FormContent,
  FormField,
  FormValues,
  ShownView,
  StatusContent,
  TableContent,
  TextContent,
  ViewAction,
  ViewContent,
} from './extensions/viewcontent.js';
export type { AllowanceLimits } from './limits/allowance.js';
export type { Usage } from './limits/usage.js';
export type { ListenerState, ServedAddress } from './listening/listeningsocket.js';
export type {
  CloseReason,
  ConnectionEvent,
  ConnectionInfo,
  Diagnosis,
  EventSink,
  ListenerEvent,
  ServerEvent,
} from './log/events.js';
export { Log, type LogTarget } from './log/log.js';
export { type LogEntry, levelOf, logText, type Status } from './log/logline.js';
export type { ConnectionSum, SumKey } from './log/sums.js';
export type { LocalAddressOf } from './outbound/from.js';
export {
  LookupError,
  type NameAnswer,
  type NameQuestion,
  type NameResolver,
  type ResolverProvider,
  type ResolverTools,
} from './outbound/lookup.js';
export type {
  AllowedRequest,
  Binding,
  ConnectRequest,
  DatagramLink,
  Datagrams,
  OpenDatagrams,
  Outbound,
  OutboundRequest,
  UpstreamServer,
} from './outbound/outbound.js';
export type { Family, Preference } from './outbound/prefer.js';
export { type Address, formatAddress } from './protocol/address.js';
export { type Parsed, type Parser, ProtocolError } from './protocol/parser.js';
export { Command, type CommandName, Reply, type Request } from './protocol/socks5.js';
export type { Throttle, Throttles } from './relay/pacer.js';
export type { Traffic } from './relay/tunnel.js';
export type { AddressDecision, CheckResult, WayDecision } from './server/check.js';
export { createServer, type LaunchOptions, type ServeOptions, Server } from './server/server.js';
export type {
  Dialect,
  DialectRequest,
  Dialogue,
  Identification,
  RelayEnd,
  Relaying,
  RelayOptions,
} from './session/dialect.js';
export type { Arriving, Layer, LayerFormat, LayerOptions } from './session/layer.js';
export { Refusal, type RefusalOptions } from './session/refusal.js';
export type { SharedStateStatus } from './sharing/replica.js';
export type {
  DoneExchange,
  Heard,
  Pulse,
  PulseAnswer,
  ReplicaUsage,
  SharedLink,
  SharedState,
  StateAnswer,
  StateExchange,
  WantedKey,
} from './sharing/sharedstate.js';
export type { Sharing } from './sharing/sharing.js';
export type { Transport, TransportReader } from './transport/transport.js';
