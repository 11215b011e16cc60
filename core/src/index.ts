export type {
  AccessPolicy,
  AccessRequest,
  ClientContext,
  Denial,
  Verdict,
} from './access/policy.js';
export type { AuthenticationFailure, Identity } from './auth/identity.js';
export type {
  Attempt,
  Authentication,
  AuthenticationMethod,
  CredentialChecker,
  Exchange,
  KnownUsers,
} from './auth/method.js';
export {
  checkField,
  formatPasswordLine,
  type PasswordEntry,
  plainSecret,
  readPasswordFile,
} from './auth/passwordfile.js';
export type {
  AuthenticationSource,
  AuthenticationSourceFormat,
  Secret,
  SourceKind,
  Verification,
} from './auth/source.js';
export type { Awaitable } from './base/awaitable.js';
export { monotonic } from './base/clock.js';
export { type Disposable, DisposableStore, toDisposable } from './base/disposable.js';
export {
  messageOf,
  systemMessage,
  UserError,
  type UserErrorCode,
  type UserErrorFacts,
} from './base/errors.js';
export type { Registry } from './base/registry.js';
export type { Option } from './config/option.js';
export { OPTIONS } from './config/optionlist.js';
export { checkServerOptions } from './config/options.js';
export type { GroupOptions, LogLevel, ServerOptions } from './config/settings.js';
export { createRegistries, type Registries, type Surroundings } from './extensions/registries.js';
export type {
  CloseReason,
  ConnectionInfo,
  Diagnosis,
  EventSink,
  ServerEvent,
} from './log/events.js';
export { Log } from './log/log.js';
export type { ConnectRequest, Outbound, OutboundRequest } from './outbound/outbound.js';
export { type Address, formatAddress } from './protocol/address.js';
export { type Parsed, type Parser, ProtocolError } from './protocol/parser.js';
export { Command, type CommandName, Reply, type Request } from './protocol/socks5.js';
export type { CheckResult } from './server/check.js';
export { createServer, type ServeOptions, Server } from './server/server.js';
export type { Dialect, Dialogue, Identification } from './session/dialect.js';
export { Refusal } from './session/refusal.js';
