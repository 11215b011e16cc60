import { OPTIONS, type Option } from 'picosocks5';
import {
  type AppSettingKey,
  type ServerSettingKey,
  type SettingDescriptor,
  type SettingKey,
  type SettingValue,
  UPDATE_CHANNELS,
} from '../ipc/contract.js';
import { LANGUAGES } from '../words/language.js';
import { type PlainKey, text } from '../words/words.js';

type Section =
  Extract<PlainKey, `options.section.${string}`> extends `options.section.${infer Name}`
    ? Name
    : never;

/** A setting but for its title and description, which are texts `options.KEY.…`. */
interface Shape
  extends Omit<
    SettingDescriptor,
    'title' | 'description' | 'section' | 'choices' | 'placeholder' | 'unit'
  > {
  readonly section: Section;
  readonly choices?: readonly { readonly value: string; readonly label: () => string }[];
  readonly placeholder?: () => string;
  readonly unit?: 'seconds' | 'megabytes' | 'days';
}

type Own = Partial<Omit<Shape, 'key'>> & Pick<Shape, 'section'>;

const seconds = { unit: 'seconds' } as const;

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
    section: 'external',
    placeholder: () => text('options.placeholder.automatic'),
    pick: 'external',
  },
  advertise: {
    section: 'external',
    placeholder: () => text('options.advertise.placeholder'),
  },
  bindPorts: { section: 'external', placeholder: () => text('options.placeholder.anyPort') },
  udpPorts: { section: 'external', placeholder: () => text('options.placeholder.anyPort') },
  from: {
    section: 'outgoing',
    placeholder: () => text('options.placeholder.automatic'),
    pick: 'external',
  },
  prefer: {
    section: 'outgoing',
    default: '',
    choices: [
      { value: '', label: () => text('options.prefer.system') },
      { value: 'ipv4', label: () => text('options.prefer.ipv4') },
      { value: 'ipv6', label: () => text('options.prefer.ipv6') },
      { value: 'ipv4-only', label: () => text('options.prefer.ipv4-only') },
      { value: 'ipv6-only', label: () => text('options.prefer.ipv6-only') },
    ],
  },
  resolver: {
    section: 'outgoing',
    placeholder: () => 'system',
  },
  anonymous: {
    section: 'access',
  },
  socks4: { section: 'access' },
  http: { section: 'access' },
  network: { section: 'access' },
  request: { section: 'access' },
  via: {
    section: 'access',
    placeholder: () => text('options.via.placeholder'),
  },
  maxconn: { section: 'limits' },
  maxconnPerAddress: { section: 'limits' },
  maxconnPerUser: { section: 'limits' },
  maxStartups: { section: 'limits' },
  maxassoc: { section: 'limits' },
  maxLoginFailures: { section: 'limits' },
  lockoutTime: { section: 'limits', ...seconds },
  timeout: { section: 'timeouts', ...seconds },
  handshakeTimeout: { section: 'timeouts', ...seconds },
  connectTimeout: { section: 'timeouts', ...seconds },
  bindTimeout: { section: 'timeouts', ...seconds },
  udpTimeout: { section: 'timeouts', ...seconds },
  loglevel: {
    of: 'app',
    section: 'application',
  },
};

/** What the server's option `listen` is made of, and its listener for the local network. */
const listening: readonly (Shape & { readonly key: ListeningKey })[] = [
  {
    key: 'listenAddress',
    of: 'server',
    section: 'listening',
    type: 'list',
    default: ['127.0.0.1'],
    placeholder: () => '127.0.0.1',
    pick: 'address',
    restart: true,
  },
  {
    key: 'port',
    of: 'server',
    section: 'listening',
    type: 'number',
    default: 1080,
    minimum: 1,
    maximum: 65_535,
    restart: true,
  },
  {
    key: 'lan',
    of: 'server',
    section: 'lan',
    type: 'boolean',
    default: false,
    restart: false,
  },
  {
    key: 'lanAddress',
    of: 'server',
    section: 'lan',
    type: 'list',
    default: ['*'],
    placeholder: () => '*',
    pick: 'network',
    restart: false,
  },
  {
    key: 'lanPort',
    of: 'server',
    section: 'lan',
    type: 'number',
    default: 1081,
    minimum: 1,
    maximum: 65_535,
    restart: false,
  },
  {
    key: 'lanTls',
    of: 'server',
    section: 'lan',
    type: 'boolean',
    default: false,
    restart: false,
  },
  {
    key: 'lanCertificate',
    of: 'server',
    section: 'lan',
    type: 'file',
    default: '',
    restart: false,
  },
  {
    key: 'lanKey',
    of: 'server',
    section: 'lan',
    type: 'file',
    default: '',
    restart: false,
  },
];

const appearance: readonly (Shape & { readonly key: AppSettingKey })[] = [
  {
    key: 'theme',
    of: 'app',
    section: 'appearance',
    type: 'choice',
    default: 'system',
    choices: [
      { value: 'system', label: () => text('themes.system') },
      { value: 'light', label: () => text('themes.light') },
      { value: 'dark', label: () => text('themes.dark') },
      { value: 'high-contrast', label: () => text('themes.high-contrast') },
      { value: 'high-contrast-light', label: () => text('themes.high-contrast-light') },
    ],
    restart: false,
  },
  {
    key: 'language',
    of: 'app',
    section: 'appearance',
    type: 'choice',
    default: 'system',
    choices: [
      { value: 'system', label: () => text('options.language.system') },
      ...Object.entries(LANGUAGES).map(([value, name]) => ({ value, label: () => name })),
    ],
    restart: false,
  },
];

const systemProxy: readonly (Shape & { readonly key: AppSettingKey })[] = [
  {
    key: 'systemProxy',
    of: 'app',
    section: 'systemProxy',
    type: 'boolean',
    default: false,
    restart: false,
  },
  {
    key: 'systemProxyKind',
    of: 'app',
    section: 'systemProxy',
    type: 'choice',
    default: 'pac',
    choices: [
      { value: 'pac', label: () => text('options.systemProxyKind.pac') },
      { value: 'fixed', label: () => text('options.systemProxyKind.fixed') },
    ],
    restart: false,
  },
  {
    key: 'systemProxyBypass',
    of: 'app',
    section: 'systemProxy',
    type: 'list',
    default: ['localhost', '127.0.0.0/8', '::1'],
    placeholder: () => text('options.systemProxyBypass.placeholder'),
    restart: false,
  },
];

const application: readonly (Shape & { readonly key: AppSettingKey })[] = [
  {
    key: 'logSize',
    of: 'app',
    section: 'application',
    type: 'number',
    default: 8,
    minimum: 1,
    maximum: 1024,
    unit: 'megabytes',
    restart: false,
  },
  {
    key: 'logDays',
    of: 'app',
    section: 'application',
    type: 'number',
    default: 14,
    minimum: 1,
    maximum: 3650,
    unit: 'days',
    restart: false,
  },
  {
    key: 'logFiles',
    of: 'app',
    section: 'application',
    type: 'number',
    default: 10,
    minimum: 0,
    maximum: 1000,
    restart: false,
  },
  {
    key: 'startServer',
    of: 'app',
    section: 'application',
    type: 'boolean',
    default: false,
    restart: false,
  },
  {
    key: 'startAtLogin',
    of: 'app',
    section: 'application',
    type: 'boolean',
    default: false,
    restart: false,
  },
  {
    key: 'keys',
    of: 'app',
    section: 'application',
    type: 'list',
    default: [],
    placeholder: () => 'log.open=Ctrl+L',
    restart: false,
  },
  {
    key: 'updates',
    of: 'app',
    section: 'application',
    type: 'choice',
    default: 'stable',
    choices: UPDATE_CHANNELS.map((value) => ({
      value,
      label: () => text(`options.updates.${value}`),
    })),
    restart: false,
  },
  {
    key: 'restAfter',
    of: 'app',
    section: 'application',
    type: 'number',
    default: 60,
    minimum: 0,
    maximum: 86_400,
    ...seconds,
    restart: false,
  },
];

/** How a value of an option is typed on a settings page. */
function shapeOf({ schema, default: initial }: Option): Partial<Shape> {
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
        : { type: 'choice', choices: schema.enum.map((value) => ({ value, label: () => value })) };
  }
}

function describe(key: string, own: Own): Shape {
  const option = OPTIONS.find((candidate) => candidate.key === key);
  if (option === undefined) throw new Error(`the server has no option "${key}"`);
  const { argument } = option;
  return {
    key: key as SettingKey,
    of: 'server',
    type: 'text',
    default: option.default as SettingValue,
    restart: false,
    ...(argument !== undefined && { placeholder: () => argument.replace(',...', '') }),
    ...shapeOf(option),
    ...own,
  };
}

/** A setting with its texts, which are in whatever language is in force when they are read. */
function worded({ section, choices, placeholder, unit, ...shape }: Shape): SettingDescriptor {
  const { key } = shape;
  return {
    ...shape,
    get title() {
      return text(`options.${key}.title`);
    },
    get description() {
      return text(`options.${key}.description`);
    },
    get section() {
      return text(`options.section.${section}`);
    },
    get choices() {
      return choices?.map(({ value, label }) => ({ value, label: label() }));
    },
    get placeholder() {
      return placeholder?.();
    },
    get unit() {
      return unit && text(`options.unit.${unit}`);
    },
  };
}

/** Every setting, in the order of the settings page: those of the server are made of its options. */
export const DESCRIPTORS: readonly SettingDescriptor[] = [
  ...listening,
  ...Object.entries(options).map(([key, own]) => describe(key, own)),
  ...appearance,
  ...systemProxy,
  ...application,
].map(worded);

/** @throws if there is no such setting. */
export function descriptorOf(key: SettingKey): SettingDescriptor {
  const descriptor = DESCRIPTORS.find((candidate) => candidate.key === key);
  if (descriptor === undefined) throw new Error(`there is no setting "${key}"`);
  return descriptor;
}
