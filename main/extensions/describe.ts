import type { ExtensionInfo, Manifest, Point, SettingSchema } from 'picosocks5';
import type { KnownExtension } from 'picosocks5/store';
import type {
  ContributedSetting,
  ContributedValue,
  ContributionGroup,
  ExtensionItem,
} from '../ipc/contract.js';
import { text } from '../words/words.js';
import type { ShownManifest } from './translations.js';

/** What an extension contributes, by kinds. */
export function contributionsOf({
  contributes,
  settings,
  commands,
  views,
}: Manifest): ContributionGroup[] {
  const registered = Object.entries(contributes).map(([point, list]) => ({
    kind: point,
    title: text(`extensions.point.${point as Point}`),
    items: list.map(({ id, description }) => ({ id, description })),
  }));
  const groups: ContributionGroup[] = [
    ...registered,
    {
      kind: 'settings',
      title: text('extensions.settings'),
      items: [...settings].map(([id, { description, secret }]) => ({
        id,
        description: secret ? text('extensions.isSecret', { description }).trim() : description,
      })),
    },
    {
      kind: 'commands',
      title: text('extensions.commands'),
      items: commands.map(({ command, title, tray }) => ({
        id: command,
        description: tray ? text('extensions.inTray', { title }) : title,
      })),
    },
    {
      kind: 'views',
      title: text('extensions.views'),
      items: views.map(({ id, title, kind }) => ({
        id,
        description: text(`extensions.kind.${kind}`, { title }),
      })),
    },
  ];
  return groups.filter(({ items }) => items.length > 0);
}

/** What is known of an extension besides its files. */
interface Known {
  readonly enabled: boolean;
  /** Whether it is another one than the user has allowed. */
  readonly isReplaced: boolean;
  /** As the server sees it. */
  readonly info: ExtensionInfo | undefined;
  /** Why the last attempt to use it failed. */
  readonly failure: string | undefined;
  /** What is wrong with it, and does not keep it from being used. */
  readonly warning: string | undefined;
}

/** An extension as the window lists it. */
export function itemOf(
  known: KnownExtension,
  { enabled, isReplaced, info, failure, warning }: Known,
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
    error:
      error ?? failure ?? (isReplaced ? text('extensions.replaced') : (info?.error ?? warning)),
    contributes: manifest === undefined ? [] : contributionsOf(manifest),
  };
}

function lastPart(path: string): string {
  return path.replace(/^.*[/\\](?=.)/, '');
}

/** What is asked before an extension may run that is not part of the app. */
export function trustQuestion(known: KnownExtension, manifest: Manifest) {
  const { displayName, name, version, publisher, description } = manifest;
  const about =
    publisher === ''
      ? text('extensions.noPublisher', { name, version })
      : text('extensions.byPublisher', { name, version, publisher });
  const contributes = contributionsOf(manifest).map(({ title, items }) => {
    return `  ${title}: ${items.map(({ id }) => id).join(', ')}`;
  });
  const lines = [
    about,
    ...(description === '' ? [] : [description]),
    text(`extensions.from.${known.origin}`, { place: known.source ?? known.folder }),
    '',
    ...(contributes.length > 0
      ? [text('extensions.itContributes'), ...contributes]
      : [text('extensions.contributesNothing')]),
    '',
    text('extensions.trust'),
  ];
  return {
    message: text('extensions.trustQuestion', { name: displayName }),
    detail: lines.join('\n'),
  };
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
  { settings, short, title }: ShownManifest,
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
      title: schema.title ?? titleOf(key, short),
      section: title,
      description: schema.description,
      type: typeOf(schema),
      value: schema.secret ? undefined : (values[key] ?? schema.default),
      default: schema.default,
      modified: Object.hasOwn(values, key),
      choices: (schema.enum ?? []).map((value, n) => ({
        value,
        label: schema.labels?.[n] ?? value,
      })),
      isSet: schema.secret && isSet(key),
    }));
}
