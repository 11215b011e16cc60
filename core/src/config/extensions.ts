import { resolve } from 'node:path';
import { UserError } from '../base/errors.js';
import type { Asked, ExtensionOptions, GivenSettings } from '../extensions/plan.js';
import type { Registries } from '../extensions/registries.js';
import type { SettingValue, WrittenSetting } from '../extensions/settingschema.js';
import { parseListenEndpoint } from '../listening/endpoint.js';
import { schemeOf } from '../outbound/resolvers/builtin.js';
import { parseUpstreamUrl } from '../outbound/upstream/url.js';
import type { CheckedOptions } from './settings.js';
import { namedSources, parseSource } from './sources.js';
import { parseVia } from './via.js';

/** What options say of extensions, and what they ask for that an extension may have. */
export interface ExtensionWishes {
  readonly options: ExtensionOptions;
  readonly asked: readonly Asked[];
  /** Whether any extension is wanted at all. */
  readonly isAny: boolean;
}

/**
 * What options want of extensions.
 *
 * @param registries what is there without asking one.
 */
export function extensionWishes(options: CheckedOptions, registries: Registries): ExtensionWishes {
  const { noExtensions, extensionsDir, activationTimeout, answerTimeout } = options;
  const times = { extensionsDir, activationTimeout, answerTimeout };
  if (noExtensions) {
    const none = { extensions: [], development: [], settings: {} };
    return { options: { ...none, ...times }, asked: [], isAny: false };
  }
  const { settings } = options;
  const extensions = namedExtensions(options);
  const development = options.extensionsDev.map((folder) => resolve(folder));
  const asked = [
    ...namedSources(options).map(
      (text): Asked => ({ point: 'authenticationSources', id: parseSource(text).id }),
    ),
    ...namedResolvers(options).map((text): Asked => ({ point: 'resolvers', id: schemeOf(text) })),
    ...namedLayers(options),
    ...namedWays(options),
  ];
  const isMissing = asked.some(({ point, id }) => !has(registries, point, id));
  const isAny = extensions.length > 0 || Object.keys(settings).length > 0 || isMissing;
  return { options: { extensions, development, settings, ...times }, asked, isAny };
}

/** Folders and names of all extensions that options name. */
export function namedExtensions({ extensions, extensionsDev }: CheckedOptions): string[] {
  return [...extensions, ...extensionsDev.map((folder) => resolve(folder))];
}

/** All resolvers that options name, those of listeners included. */
function namedResolvers({ resolver, listeners }: CheckedOptions): string[] {
  return [resolver, ...Object.values(listeners).map((own) => own.resolver ?? [])].flat();
}

/** The layers that addresses to listen at name. */
function namedLayers({ listen, listeners }: CheckedOptions): Asked[] {
  const texts = [listen, ...Object.values(listeners).map((own) => own.listen ?? [])].flat();
  const schemes = texts.flatMap((text) => parseListenEndpoint(text).scheme ?? []);
  return [...new Set(schemes)].map((id): Asked => ({ point: 'layers', id }));
}

/** The schemes of all upstreams that options name, and the ways out that they name by their ids. */
function namedWays({ via, upstreams, listeners, groups, users }: CheckedOptions): Asked[] {
  const sections = [listeners, groups, users].flatMap((all) => Object.values(all));
  const rules = [via, ...sections.map((own) => own.via ?? [])].flat().map(parseVia);
  const schemes = new Set(Object.values(upstreams).map(({ url }) => parseUpstreamUrl(url).scheme));
  const ids = new Set<string>();
  for (const way of rules.flatMap(({ ways }) => ways)) {
    if (way.kind === 'url') schemes.add(way.url.scheme);
    if (way.kind === 'name' && !Object.hasOwn(upstreams, way.name)) ids.add(way.name);
  }
  return [
    ...[...schemes].map((id): Asked => ({ point: 'outbounds', id })),
    ...[...ids].map((id): Asked => ({ point: 'outbounds', id, byId: true })),
  ];
}

/** Whether there is something that options ask for, without asking an extension. */
function has(registries: Registries, point: Asked['point'], id: string): boolean {
  if (point === 'resolvers') {
    return [...registries.resolvers].some(({ schemes }) => schemes.includes(id));
  }
  if (point === 'outbounds') {
    return [...registries.outbounds].some((one) => one.schemes?.includes(id) ?? one.id === id);
  }
  return registries[point].get(id) !== undefined;
}

/** Settings of extensions as they are read from files and the command line, each with its place. */
export class WrittenSettings {
  readonly #settings: Record<string, WrittenSetting[]> = Object.create(null);

  /** @param key with the extension's name before it, such as `ldap.bindDn`. */
  add(key: string, text: string, place: string): void {
    const before = this.#settings[key] ?? [];
    this.#settings[key] = [...before, { text, place }];
  }

  /**
   * Takes `KEY=VALUE`.
   *
   * @param place for messages.
   * @throws {UserError} if it is something else.
   */
  addPair(pair: string, place: string): void {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, Math.max(equals, 0)).trim();
    if (!/^[^\s.]+\.\S+$/.test(key)) {
      // What stands behind it may be a secret.
      throw new UserError(`${place}: expected EXTENSION.KEY=VALUE, such as ldap.bindDn=cn=proxy`);
    }
    this.add(key, pair.slice(equals + 1).trim(), place);
  }

  /** All of them; undefined if there are none. */
  get all(): GivenSettings | undefined {
    return Object.keys(this.#settings).length > 0 ? { ...this.#settings } : undefined;
  }
}

/** @throws {UserError} if what a program gives as settings of extensions is something else. */
export function checkSettings(settings: unknown): GivenSettings {
  const isObject = typeof settings === 'object' && settings !== null && !Array.isArray(settings);
  if (!isObject)
    throw new UserError('settings: expected an object such as { "ldap.bindDn": "..." }');
  for (const [key, value] of Object.entries(settings)) {
    if (!isSetting(value)) {
      throw new UserError(
        `settings: ${key}: expected a text, a number, a boolean, or a list of texts`,
      );
    }
  }
  return settings as GivenSettings;
}

function isSetting(value: unknown): value is SettingValue {
  if (['string', 'number', 'boolean'].includes(typeof value)) return true;
  return Array.isArray(value) && value.every((item) => typeof item === 'string' || isWritten(item));
}

function isWritten(item: unknown): item is WrittenSetting {
  const { text, place } = (item ?? {}) as Partial<WrittenSetting>;
  return typeof text === 'string' && typeof place === 'string';
}
