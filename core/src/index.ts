export type {
  AccessPolicy,
  AccessRequest,
  ClientContext,
  CommandName,
  Denial,
} from './access/policy.js';
export type {
  Authentication,
  AuthenticationFailure,
  AuthenticationMethod,
  Exchange,
  Identity,
} from './auth/method.js';
export {
  checkField,
  formatPasswordLine,
  type PasswordEntry,
  plainSecret,
  readPasswordFile,
} from './auth/passwordfile.js';
export type { AuthenticationSource, AuthenticationSourceFormat, Secret } from './auth/source.js';
export type { CheckResult } from './check.js';
export type { Option } from './config/option.js';
export { OPTIONS } from './config/optionlist.js';
export { checkServerOptions } from './config/options.js';
export type { GroupOptions, LogLevel, ServerOptions } from './config/settings.js';
export type { Disposable } from './disposable.js';
export { messageOf, systemMessage, UserError } from './errors.js';
export type { CloseReason, ConnectionInfo, EventSink, ServerEvent } from './events.js';
export { createRegistries, type Registries } from './extensions/registries.js';
export type { Registry } from './extensions/registry.js';
export { Log } from './log/log.js';
export type { Connector, ConnectTarget } from './net/connector.js';
export { type Address, formatAddress } from './protocol/address.js';
export { type Parsed, type Parser, ProtocolError } from './protocol/parser.js';
export { createServer, Server } from './server.js';
