import * as v from 'valibot';
import { DESCRIPTORS } from '../settings/descriptors.js';
import {
  type AppCommandId,
  COMMANDS,
  FILE_SETTINGS,
  isOfApp,
  LOG_LEVELS,
  MAX_LEVEL_MINUTES,
  type RequestArgument,
  type RequestName,
  type SettingKey,
  type SettingValue,
  TOTAL_KINDS,
  UPSTREAM_SCHEMES,
} from './contract.js';

const KEYS = DESCRIPTORS.map(({ key }) => key) as [SettingKey, ...SettingKey[]];

/** Names and lists are no longer than anybody would type; an exported log has 10,000 rows. */
const MAX_TEXT = 1000;
const MAX_ITEMS = 1000;
const MAX_ROWS = 10_000;
const MAX_DOCUMENT = 1024 * 1024;
const MAX_FILE = 16 * 1024 * 1024;
/** The last moment that a Date can be, ms since 1970 (ECMA-262, Time Values). */
const MAX_TIME = 8.64e15;

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(255));
const key = v.picklist(KEYS);

const value: v.GenericSchema<SettingValue> = v.union([
  v.boolean(),
  v.pipe(v.number(), v.finite()),
  text,
  v.pipe(v.array(text), v.maxLength(MAX_ITEMS)),
]) as v.GenericSchema<SettingValue>;

const limit = v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)));
const limits = v.strictObject({
  expires: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.maxValue(MAX_TIME))),
  connections: limit,
  devices: limit,
  rateUp: limit,
  rateDown: limit,
  perDay: limit,
  perMonth: limit,
});

const change = v.strictObject({ key, value });
const document = v.pipe(v.string(), v.maxLength(MAX_DOCUMENT));
const sealing = v.strictObject({ passphrase: v.exactOptional(text) });
const nothing = v.strictTuple([]);

const upstream = {
  name,
  scheme: v.picklist(UPSTREAM_SCHEMES),
  host: name,
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  user: text,
  through: text,
  tlsCa: text,
};

/** The id of a setting, a command or a view of an extension. */
const id = v.pipe(v.string(), v.minLength(1), v.maxLength(255));
const cell = v.union([v.boolean(), v.pipe(v.number(), v.finite()), text]);
const contributed = v.strictObject({
  key: id,
  value: v.union([cell, v.pipe(v.array(text), v.maxLength(MAX_ITEMS))]),
});
/** The name of a package, or the path of a folder. */
const extension = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const MAX_FIELDS = 100;
/** Keychains take no longer ones everywhere. */
const MAX_SECRET = 2000;

const place = v.pipe(v.string(), v.maxLength(4096));
const remote = {
  name: text,
  way: v.picklist(['ssh', 'tls']),
  host: text,
  port: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
  user: text,
  control: place,
  fingerprint: text,
  ca: place,
};
/** The id of a server elsewhere; empty: this computer's. */
const server = v.pipe(v.string(), v.maxLength(64));
const token = v.pipe(v.string(), v.maxLength(MAX_SECRET));

/** A command has no argument. */
const ofCommands = Object.fromEntries(
  COMMANDS.filter(({ id }) => isOfApp(id)).map(({ id }) => [id, nothing]),
) as Record<AppCommandId, typeof nothing>;

/** What the argument of each request has to be. */
export const ARGUMENTS: { readonly [K in RequestName]: v.GenericSchema<RequestArgument<K>> } = {
  ...ofCommands,
  'app.state': nothing,
  'app.welcomed': nothing,
  'app.copy': v.strictTuple([v.pipe(v.string(), v.maxLength(MAX_FILE))]),
  'app.export': v.strictTuple([
    v.strictObject({
      name: v.pipe(v.string(), v.regex(/^[\w-]+\.[a-z]+$/), v.maxLength(100)),
      content: v.pipe(v.string(), v.maxLength(MAX_FILE)),
    }),
  ]),
  'settings.check': v.strictTuple([change]),
  'settings.set': v.strictTuple([change]),
  'settings.reset': v.strictTuple([key]),
  'settings.choose': v.strictTuple([v.picklist(FILE_SETTINGS)]),
  'settings.document': nothing,
  'settings.checkDocument': v.strictTuple([document]),
  'settings.saveDocument': v.strictTuple([document]),
  'settings.export': v.strictTuple([sealing]),
  'settings.import': nothing,
  'settings.importChosen': v.strictTuple([sealing]),
  'profiles.use': v.union([v.strictTuple([name]), v.strictTuple([v.undefined()])]),
  'profiles.add': v.strictTuple([text]),
  'profiles.update': v.strictTuple([
    v.strictObject({
      name,
      newName: v.exactOptional(text),
      networks: v.exactOptional(v.pipe(v.array(text), v.maxLength(MAX_ITEMS))),
    }),
  ]),
  'profiles.delete': v.strictTuple([name]),
  'profiles.restore': v.strictTuple([name]),
  'profiles.differ': v.strictTuple([v.strictObject({ key, differs: v.boolean() })]),
  'profiles.network': nothing,
  'users.add': v.strictTuple([
    v.strictObject({ name, group: text, password: text, limits: v.exactOptional(limits) }),
  ]),
  'users.update': v.strictTuple([
    v.strictObject({
      name,
      newName: v.exactOptional(name),
      group: v.exactOptional(text),
      disabled: v.exactOptional(v.boolean()),
      password: v.exactOptional(text),
      limits: v.exactOptional(limits),
    }),
  ]),
  'users.delete': v.strictTuple([name]),
  'users.restore': v.strictTuple([name]),
  'users.import': nothing,
  'users.export': nothing,
  'users.cancel': nothing,
  'routing.check': v.strictTuple([
    v.strictObject({
      user: text,
      command: v.picklist(['connect', 'bind', 'associate']),
      destination: text,
    }),
  ]),
  'upstreams.choose': nothing,
  'upstreams.add': v.strictTuple([v.strictObject({ ...upstream, password: text })]),
  'upstreams.update': v.strictTuple([
    v.strictObject({
      name,
      settings: v.strictObject(upstream),
      password: v.exactOptional(text),
    }),
  ]),
  'upstreams.delete': v.strictTuple([name]),
  'upstreams.restore': v.strictTuple([name]),
  'upstreams.test': v.strictTuple([name]),
  'extensions.enable': v.strictTuple([extension]),
  'extensions.disable': v.strictTuple([extension]),
  'extensions.remove': v.strictTuple([extension]),
  'extensions.reload': v.strictTuple([extension]),
  'extensions.readme': v.strictTuple([extension]),
  'extensions.look': nothing,
  'extensions.check': v.strictTuple([contributed]),
  'extensions.set': v.strictTuple([contributed]),
  'extensions.reset': v.strictTuple([id]),
  'extensions.secret': v.strictTuple([
    v.strictObject({
      key: id,
      secret: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_SECRET)),
    }),
  ]),
  'extensions.run': v.strictTuple([v.strictObject({ id, row: v.exactOptional(text) })]),
  'extensions.view': v.strictTuple([id]),
  'extensions.submit': v.strictTuple([
    v.strictObject({
      id,
      values: v.pipe(v.record(id, cell), v.maxEntries(MAX_FIELDS)),
    }),
  ]),
  'servers.add': v.strictTuple([v.strictObject({ ...remote, token })]),
  'servers.update': v.strictTuple([
    v.strictObject({ id: server, settings: v.strictObject(remote), token: v.exactOptional(token) }),
  ]),
  'servers.remove': v.strictTuple([server]),
  'servers.restore': v.strictTuple([server]),
  'servers.connect': v.strictTuple([server]),
  'servers.disconnect': v.strictTuple([server]),
  'servers.show': v.strictTuple([server]),
  'servers.reload': v.strictTuple([server]),
  'servers.choose': nothing,
  'lockouts.lift': v.strictTuple([v.strictObject({ user: v.exactOptional(text), address: name })]),
  'connections.watch': nothing,
  'connections.unwatch': nothing,
  'connections.disconnect': v.strictTuple([
    v.pipe(v.array(v.pipe(v.number(), v.safeInteger())), v.maxLength(MAX_ROWS)),
  ]),
  'connections.clear': nothing,
  'window.rest': nothing,
  'window.record': v.strictTuple([v.boolean()]),
  'window.zoom': v.strictTuple([v.picklist([-1, 0, 1])]),
  'log.watch': nothing,
  'log.unwatch': nothing,
  'log.level': v.strictTuple([
    v.strictObject({
      level: v.picklist(LOG_LEVELS),
      minutes: v.exactOptional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(MAX_LEVEL_MINUTES))),
    }),
  ]),
  'connections.totals': v.strictTuple([v.picklist(TOTAL_KINDS)]),
};
