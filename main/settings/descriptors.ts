import { OPTIONS, type Option } from 'picosocks5';
import type {
  AppSettingKey,
  ServerSettingKey,
  SettingDescriptor,
  SettingKey,
  SettingValue,
} from '../ipc/contract.js';

type Own = Partial<Omit<SettingDescriptor, 'key'>> & Pick<SettingDescriptor, 'title' | 'section'>;

const LISTENING = 'Listening';
const LAN = 'Local network';
const EXTERNAL = 'BIND and UDP';
const OUTGOING = 'Outgoing connections';
const ACCESS = 'Access';
const LIMITS = 'Limits';
const TIMEOUTS = 'Timeouts';
const APPLICATION = 'Application';

const seconds = { unit: 'seconds' };

/** Settings of the server's listeners, which are no options of the same names. */
type ListeningKey = 'listenAddress' | 'port' | Extract<ServerSettingKey, `lan${string}`>;

/** Settings that are options of the server, and the log's level. */
type OptionKey = Exclude<ServerSettingKey, ListeningKey> | 'loglevel';

/**
 * What the options of the server lack for a settings page, by their keys and in its order. What is
 * not named here is no option of the desktop: users come from the keychain, logs have their file.
 */
const options: Readonly<Record<OptionKey, Own>> = {
  bind: {
    title: 'External address',
    section: EXTERNAL,
    description:
      'Address at which BIND and UDP ASSOCIATE are reached by other hosts: an address, a host ' +
      'name, or @INTERFACE. Empty: found by itself.',
    placeholder: 'automatic',
    pick: 'external',
  },
  advertise: {
    title: 'Advertised address',
    section: EXTERNAL,
    placeholder: 'the external address',
  },
  bindPorts: { title: 'BIND range', section: EXTERNAL, placeholder: 'any free port' },
  udpPorts: { title: 'UDP range', section: EXTERNAL, placeholder: 'any free port' },
  from: {
    title: 'Outgoing address',
    section: OUTGOING,
    description:
      'Address that connections leave from: an address of this computer, @INTERFACE, client (the ' +
      'one that the client came in on) or PREFIX/BITS for a random one each time.',
    placeholder: 'automatic',
    pick: 'external',
  },
  prefer: {
    title: 'Preferred addresses',
    section: OUTGOING,
    description: 'Which addresses of a name come first, or are the only ones.',
    default: '',
    choices: [
      { value: '', label: 'As the system' },
      { value: 'ipv4', label: 'IPv4 first' },
      { value: 'ipv6', label: 'IPv6 first' },
      { value: 'ipv4-only', label: 'IPv4 only' },
      { value: 'ipv6-only', label: 'IPv6 only' },
    ],
  },
  resolver: {
    title: 'Resolvers',
    section: OUTGOING,
    description:
      'Who is asked for names, the next one where one does not know: system, udp://ADDRESS, ' +
      'tcp://ADDRESS, tls://HOST or https://HOST/PATH.',
    placeholder: 'system',
  },
  anonymous: {
    title: 'Anonymous access',
    section: ACCESS,
    description:
      'Let clients in that do not authenticate, even if there are users. Needed to listen beyond ' +
      'this computer without users.',
  },
  socks4: { title: 'SOCKS 4', section: ACCESS },
  http: { title: 'HTTP', section: ACCESS },
  network: { title: 'Client rules', section: ACCESS },
  request: { title: 'Request rules', section: ACCESS },
  via: {
    title: 'Routes',
    section: ACCESS,
    description:
      'Which way connections leave: direct, block, or the name of an upstream server, for all ' +
      'destinations or those before =. The first route that matches decides.',
    placeholder: '[DESTINATION[:PORTS]=]WAY',
  },
  maxconn: { title: 'Connections', section: LIMITS },
  maxconnPerAddress: { title: 'Connections per address', section: LIMITS },
  maxconnPerUser: { title: 'Connections per user', section: LIMITS },
  maxStartups: { title: 'Connections without a request', section: LIMITS },
  maxassoc: { title: 'UDP associations per address', section: LIMITS },
  maxLoginFailures: { title: 'Wrong passwords', section: LIMITS },
  lockoutTime: { title: 'Lockout', section: LIMITS, ...seconds },
  timeout: { title: 'Idle timeout', section: TIMEOUTS, ...seconds },
  handshakeTimeout: { title: 'Handshake timeout', section: TIMEOUTS, ...seconds },
  connectTimeout: { title: 'Connect timeout', section: TIMEOUTS, ...seconds },
  bindTimeout: { title: 'BIND timeout', section: TIMEOUTS, ...seconds },
  udpTimeout: { title: 'UDP timeout', section: TIMEOUTS, ...seconds },
  loglevel: {
    of: 'app',
    title: 'Log level',
    section: APPLICATION,
    description: 'What is written to the log file: info has a line for every finished connection.',
  },
};

/** What the server's option `listen` is made of, and its listener for the local network. */
const listening: readonly (SettingDescriptor & { readonly key: ListeningKey })[] = [
  {
    key: 'listenAddress',
    of: 'server',
    title: 'Listen address',
    section: LISTENING,
    description:
      'Addresses at which the server listens, with commas between: 127.0.0.1 for this computer ' +
      'only, * for everybody who can reach it.',
    type: 'list',
    default: ['127.0.0.1'],
    placeholder: '127.0.0.1',
    pick: 'address',
    restart: true,
  },
  {
    key: 'port',
    of: 'server',
    title: 'Port',
    section: LISTENING,
    description: 'TCP port at which the server listens; 1080 is that of SOCKS.',
    type: 'number',
    default: 1080,
    minimum: 1,
    maximum: 65_535,
    restart: true,
  },
  {
    key: 'lan',
    of: 'server',
    title: 'Serve the local network',
    section: LAN,
    description:
      'Let other computers in as well, at an address and a port of their own. There everybody has ' +
      'to log in as one of the users, whatever programs on this computer have to do.',
    type: 'boolean',
    default: false,
    restart: false,
  },
  {
    key: 'lanAddress',
    of: 'server',
    title: 'Network address',
    section: LAN,
    description:
      'Addresses at which other computers reach the server, with commas between: * for all of this ' +
      'computer, @INTERFACE for those that an interface has at the time.',
    type: 'list',
    default: ['*'],
    placeholder: '*',
    pick: 'network',
    restart: false,
  },
  {
    key: 'lanPort',
    of: 'server',
    title: 'Network port',
    section: LAN,
    description: 'TCP port for other computers.',
    type: 'number',
    default: 1081,
    minimum: 1,
    maximum: 65_535,
    restart: false,
  },
  {
    key: 'lanTls',
    of: 'server',
    title: 'TLS',
    section: LAN,
    description:
      'Encrypt what other computers send, passwords included: they use it as an HTTPS proxy. It ' +
      'needs a certificate and its key.',
    type: 'boolean',
    default: false,
    restart: false,
  },
  {
    key: 'lanCertificate',
    of: 'server',
    title: 'Certificate',
    section: LAN,
    description: 'PEM file with the certificate for TLS, and those of its issuers behind it.',
    type: 'file',
    default: '',
    restart: false,
  },
  {
    key: 'lanKey',
    of: 'server',
    title: 'Private key',
    section: LAN,
    description: 'PEM file with the key of the certificate, which only its owner should read.',
    type: 'file',
    default: '',
    restart: false,
  },
];

const application: readonly (SettingDescriptor & { readonly key: AppSettingKey })[] = [
  {
    key: 'startServer',
    of: 'app',
    title: 'Start the server at launch',
    section: APPLICATION,
    description: 'Start the server when the app starts.',
    type: 'boolean',
    default: false,
    restart: false,
  },
  {
    key: 'startAtLogin',
    of: 'app',
    title: 'Start at login',
    section: APPLICATION,
    description: 'Start the app, in the tray, when you log in.',
    type: 'boolean',
    default: false,
    restart: false,
  },
  {
    key: 'theme',
    of: 'app',
    title: 'Theme',
    section: APPLICATION,
    description: 'Colours of the window.',
    type: 'choice',
    default: 'system',
    choices: [
      { value: 'system', label: 'As the system' },
      { value: 'light', label: 'Light' },
      { value: 'dark', label: 'Dark' },
      { value: 'high-contrast', label: 'High contrast' },
      { value: 'high-contrast-light', label: 'High contrast, light' },
    ],
    restart: false,
  },
];

/** How a value of an option is typed on a settings page. */
function shapeOf({ schema, default: initial }: Option): Partial<SettingDescriptor> {
  switch (schema.type) {
    case 'boolean':
      return { type: 'boolean' };
    case 'integer':
    case 'number':
      return { type: 'number', minimum: schema.minimum, maximum: schema.maximum };
    case 'array':
      return { type: 'list' };
    case 'string':
      return schema.enum === undefined
        ? { type: 'text', default: (initial as string | undefined) ?? '' }
        : { type: 'choice', choices: schema.enum.map((value) => ({ value, label: value })) };
  }
}

function describe(key: string, own: Own): SettingDescriptor {
  const option = OPTIONS.find((candidate) => candidate.key === key);
  if (option === undefined) throw new Error(`the server has no option "${key}"`);
  return {
    key: key as SettingKey,
    of: 'server',
    description: option.description,
    type: 'text',
    default: option.default as SettingValue,
    restart: false,
    ...(option.argument !== undefined && { placeholder: option.argument.replace(',...', '') }),
    ...shapeOf(option),
    ...own,
  };
}

/** Every setting, in the order of the settings page: those of the server are made of its options. */
export const DESCRIPTORS: readonly SettingDescriptor[] = [
  ...listening,
  ...Object.entries(options).map(([key, own]) => describe(key, own)),
  ...application,
];

/** @throws if there is no such setting. */
export function descriptorOf(key: SettingKey): SettingDescriptor {
  const descriptor = DESCRIPTORS.find((candidate) => candidate.key === key);
  if (descriptor === undefined) throw new Error(`there is no setting "${key}"`);
  return descriptor;
}
