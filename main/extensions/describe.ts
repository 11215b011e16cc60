import type { ExtensionInfo, Manifest, Point, SettingSchema } from 'picosocks5';
import type { KnownExtension } from 'picosocks5/store';
import {
  type ContributedSetting,
  type ContributedValue,
  type ContributionGroup,
  EXTENSION_ORIGINS,
  type ExtensionItem,
} from '../ipc/contract.js';

/** What is registered in each registry, in words. */
const POINTS: Readonly<Record<Point, string>> = {
  authenticationMethods: 'Authentication methods',
  authenticationSources: 'Sources of users',
  accessPolicies: 'Access policies',
  outbounds: 'Ways out',
  resolvers: 'Resolvers',
  dialects: 'Protocols of clients',
  layers: 'Layers of listening addresses',
  eventSinks: 'Event sinks',
  sharedStates: 'States shared by servers',
};

const VIEW_KINDS = {
  table: 'a table',
  form: 'a form',
  text: 'a text',
  status: 'in the status bar',
};

/** What an extension contributes, by kinds. */
export function contributionsOf({
  contributes,
  settings,
  commands,
  views,
}: Manifest): ContributionGroup[] {
  const registered = Object.entries(contributes).map(([point, list]) => ({
    title: POINTS[point as Point] ?? point,
    items: list.map(({ id, description }) => ({ id, description })),
  }));
  const groups: ContributionGroup[] = [
    ...registered,
    {
      title: 'Settings',
      items: [...settings].map(([id, { description, secret }]) => ({
        id,
        description: secret ? `${description} (a secret)`.trim() : description,
      })),
    },
    {
      title: 'Commands',
      items: commands.map(({ command, title, tray }) => ({
        id: command,
        description: tray ? `${title} (in the tray as well)` : title,
      })),
    },
    {
      title: 'Views',
      items: views.map(({ id, title, kind }) => ({
        id,
        description: `${title} (${VIEW_KINDS[kind]})`,
      })),
    },
  ];
  return groups.filter(({ items }) => items.length > 0);
}

const REPLACED =
  'It was installed anew since it was enabled here: the server does not start before it is enabled ' +
  'once more, or disabled.';

/** What is known of an extension besides its files. */
interface Known {
  readonly enabled: boolean;
  /** Whether it is another one than the user has allowed. */
  readonly isReplaced: boolean;
  /** As the server sees it. */
  readonly info: ExtensionInfo | undefined;
  /** Why the last attempt to use it failed. */
  readonly failure: string | undefined;
}

/** An extension as the window lists it. */
export function itemOf(
  known: KnownExtension,
  { enabled, isReplaced, info, failure }: Known,
): ExtensionItem {
  const { name, manifest, origin, folder, source, error } = known;
  const state = info === undefined || info.state === 'disabled' ? 'inactive' : info.state;
  return {
    name,
    displayName: manifest?.displayName ?? lastPart(name),
    publisher: manifest?.publisher ?? '',
    version: manifest?.version ?? '',
    description: manifest?.description ?? '',
    origin,
    place: origin === 'installed' ? (source ?? folder) : folder,
    state: error !== undefined ? 'broken' : enabled ? state : 'disabled',
    enabled,
    isReplaced,
    error: error ?? failure ?? (isReplaced ? REPLACED : info?.error),
    contributes: manifest === undefined ? [] : contributionsOf(manifest),
  };
}

function lastPart(path: string): string {
  return path.replace(/^.*[/\\](?=.)/, '');
}

/** What is asked before an extension may run that is not part of the app. */
export function trustQuestion(known: KnownExtension, manifest: Manifest) {
  const { displayName, name, version, publisher, description } = manifest;
  const by = publisher === '' ? 'its publisher is not named' : `by ${publisher}`;
  const contributes = contributionsOf(manifest).map(({ title, items }) => {
    return `  ${title}: ${items.map(({ id }) => id).join(', ')}`;
  });
  const lines = [
    `${name} ${version}, ${by}`,
    ...(description === '' ? [] : [description]),
    `${EXTENSION_ORIGINS[known.origin]} from: ${known.source ?? known.folder}`,
    '',
    ...(contributes.length > 0 ? ['It contributes:', ...contributes] : ['It contributes nothing.']),
    '',
    'It runs inside of PicoSOCKS5 with all of your rights: it can read and change your files, and ' +
      'see what programs send through the proxy. Enable it only if you trust who has made it.',
  ];
  return { message: `Enable the extension “${displayName}”?`, detail: lines.join('\n') };
}

/** `ldap.bindDn` in words: `Bind dn`. */
function titleOf(key: string, short: string): string {
  const words = key
    .slice(short.length + 1)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[._-]+/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function typeOf({ type, enum: words, secret }: SettingSchema): ContributedSetting['type'] {
  if (secret) return 'secret';
  if (type === 'boolean') return 'boolean';
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'array') return 'list';
  return words === undefined ? 'text' : 'choice';
}

/**
 * The settings of an extension as a settings page draws them, in their order.
 *
 * @param values those that are not as they come.
 * @param isSet whether a secret was put into the keychain.
 */
export function settingsOf(
  { settings, short, title }: Manifest,
  values: Readonly<Record<string, ContributedValue>>,
  isSet: (key: string) => boolean,
): ContributedSetting[] {
  const order = ({ order: place = Number.POSITIVE_INFINITY }: SettingSchema) => place;
  return [...settings]
    .map(([key, schema], i) => ({ key, schema, i }))
    .sort((a, b) =>
      order(a.schema) === order(b.schema) ? a.i - b.i : order(a.schema) - order(b.schema),
    )
    .map(({ key, schema }) => ({
      key,
      title: titleOf(key, short),
      section: title,
      description: schema.description,
      type: typeOf(schema),
      value: schema.secret ? undefined : (values[key] ?? schema.default),
      default: schema.default,
      modified: Object.hasOwn(values, key),
      choices: schema.enum ?? [],
      isSet: schema.secret && isSet(key),
    }));
}
