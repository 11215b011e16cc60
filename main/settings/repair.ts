import {
  type ContributedValue,
  LIMIT_KEYS,
  type SettingKey,
  type SettingValues,
  UPSTREAM_SCHEMES,
  type UpstreamSettings,
  type UserLimits,
} from '../ipc/contract.js';
import { isNetwork } from '../profiles/networks.js';
import { text } from '../words/words.js';
import { DESCRIPTORS } from './descriptors.js';
import type {
  SettingsFile,
  StoredExtensions,
  StoredProfile,
  StoredUser,
  WindowPlace,
} from './file.js';
import { expected, fits } from './values.js';

/** A settings file of which whatever cannot be used is left out. */
export interface Repaired {
  readonly file: SettingsFile;
  /** What was left out or changed, each in a few words; empty if nothing was. */
  readonly dropped: readonly string[];
  /** Whether something of it may have kept somebody out. */
  readonly guards: boolean;
}

/** Sections of settings that have a say in who is let in, or which way connections leave. */
const guards = () => [text('options.section.access'), text('options.section.lan')];

type Unknown = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Notes what cannot be used. */
class Findings {
  readonly dropped: string[] = [];
  guards = false;

  drop(what: string, guards = false): void {
    this.dropped.push(what);
    this.guards ||= guards;
  }
}

/**
 * Leaves out what a settings file of the present version has that cannot be used: one odd field
 * costs that field, and no more. A user of whom something is odd stays, but disabled.
 */
export function repair(content: Unknown): Repaired {
  const findings = new Findings();
  const place = placeOf(content['window'], findings);
  const upstreams = upstreamsOf(content['upstreams'], findings);
  const extensions = extensionsOf(content['extensions'], findings);
  const profiles = profilesOf(content['profiles'], findings);
  const profile = inUse(content['profile'], profiles, findings);
  const file: SettingsFile = {
    version: content['version'] as number,
    settings: settingsOf(content['settings'], findings),
    users: usersOf(content['users'], findings),
    ...(upstreams.length > 0 && { upstreams }),
    ...(extensions !== undefined && { extensions }),
    ...(profiles.length > 0 && { profiles }),
    ...(profile !== '' && { profile }),
    ...(place !== undefined && { window: place }),
    ...(content['welcome'] === true && { welcome: true }),
  };
  return { file, dropped: findings.dropped, guards: findings.guards };
}

function settingsOf(settings: unknown, findings: Findings): Partial<SettingValues> {
  if (settings === undefined) return {};
  if (!isObject(settings)) {
    findings.drop(text('settingcheck.isNoObject', { name: 'settings' }), true);
    return {};
  }
  const kept: Partial<Record<SettingKey, unknown>> = {};
  for (const [key, value] of Object.entries(settings)) {
    const descriptor = DESCRIPTORS.find((candidate) => candidate.key === key);
    if (descriptor === undefined)
      findings.drop(text('settingcheck.noSetting', { name: key.slice(0, 50) }));
    else if (fits(descriptor, value)) kept[descriptor.key] = value;
    else {
      const isGuard = guards().includes(descriptor.section);
      const { title } = descriptor;
      const what = text('settingcheck.expected', { title, expected: expected(descriptor) });
      findings.drop(what, isGuard);
    }
  }
  return kept as Partial<SettingValues>;
}

function usersOf(users: unknown, findings: Findings): StoredUser[] {
  if (users === undefined) return [];
  if (!Array.isArray(users)) {
    findings.drop(text('settingcheck.isNoList', { name: 'users' }), true);
    return [];
  }
  const kept = new Map<string, StoredUser>();
  for (const [i, user] of users.entries()) {
    const name: unknown = isObject(user) ? user['name'] : undefined;
    if (!isName(name) || name === '')
      findings.drop(text('settingcheck.userNameless', { number: i + 1 }), true);
    else if (kept.has(name)) findings.drop(text('settingcheck.userTwice', { name }));
    else kept.set(name, userOf(name, user, findings));
  }
  return [...kept.values()];
}

/** A user, who is kept out if not all that is known of it is as it should be. */
function userOf(name: string, user: Unknown, findings: Findings): StoredUser {
  const { group, disabled, hashed } = user;
  const limits = limitsOf(user['limits']);
  const isWhole =
    isName(group) &&
    typeof disabled === 'boolean' &&
    typeof hashed === 'boolean' &&
    limits !== undefined;
  if (isWhole) return { name, group, disabled, hashed, ...limits };
  findings.drop(text('settingcheck.userDisabled', { name }));
  return { name, group: isName(group) ? group : '', disabled: true, hashed: hashed === true };
}

/** @returns undefined if something of them is odd: then they might let more in than they should. */
function limitsOf(value: unknown): Pick<StoredUser, 'limits'> | undefined {
  if (value === undefined) return {};
  if (!isObject(value)) return undefined;
  const { expires, ...counts } = value;
  const isTime = expires === undefined || Number.isSafeInteger(expires);
  const isRight = ([key, count]: [string, unknown]) =>
    LIMIT_KEYS.some((known) => known === key) && Number.isSafeInteger(count) && Number(count) >= 1;
  if (!isTime || !Object.entries(counts).every(isRight)) return undefined;
  return { limits: value as UserLimits };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 255;
}

/** What leads through one that is left out leads nowhere: the server says so, and does not start. */
function upstreamsOf(upstreams: unknown, findings: Findings): UpstreamSettings[] {
  if (upstreams === undefined) return [];
  if (!Array.isArray(upstreams)) {
    findings.drop(text('settingcheck.isNoList', { name: 'upstreams' }), true);
    return [];
  }
  const kept = new Map<string, UpstreamSettings>();
  for (const [i, upstream] of upstreams.entries()) {
    const found = isObject(upstream) ? upstreamOf(upstream) : undefined;
    if (found === undefined)
      findings.drop(text('settingcheck.upstreamOdd', { number: i + 1 }), true);
    else if (kept.has(found.name))
      findings.drop(text('settingcheck.upstreamTwice', { name: found.name }));
    else kept.set(found.name, found);
  }
  return [...kept.values()];
}

function upstreamOf(upstream: Unknown): UpstreamSettings | undefined {
  const { name, scheme, host, port, user = '', through = '', tlsCa = '' } = upstream;
  const known = UPSTREAM_SCHEMES.find((candidate) => candidate === scheme);
  const isFile = typeof tlsCa === 'string' && tlsCa.length <= 1000;
  const texts = isFile && [name, host, user, through].every(isName) && name !== '' && host !== '';
  if (!texts || known === undefined || !Number.isInteger(port)) return undefined;
  return { name, scheme: known, host, port, user, through, tlsCa } as UpstreamSettings;
}

/** One of which something is odd is left out: it does not run, and what asks for it says so. */
function extensionsOf(extensions: unknown, findings: Findings): StoredExtensions | undefined {
  if (extensions === undefined) return undefined;
  if (!isObject(extensions)) {
    findings.drop(text('settingcheck.isNoObject', { name: 'extensions' }), true);
    return undefined;
  }
  const { settings = {} } = extensions;
  const kept: Record<string, ContributedValue> = {};
  for (const [key, value] of Object.entries(isObject(settings) ? settings : {})) {
    if (isContributed(value)) kept[key] = value;
    else findings.drop(text('settingcheck.extensionSetting', { name: key.slice(0, 50) }), true);
  }
  const isFolder = (one: unknown): one is StoredExtensions['folders'][number] =>
    isObject(one) && isPath(one['path']) && typeof one['enabled'] === 'boolean';
  const isAllowed = (one: unknown): one is StoredExtensions['allowed'][number] =>
    isObject(one) && isPath(one['name']) && isPath(one['folder']);
  return {
    disabled: listOf(extensions, 'disabled', isPath, findings),
    allowed: listOf(extensions, 'allowed', isAllowed, findings),
    folders: listOf(extensions, 'folders', isFolder, findings),
    secrets: listOf(extensions, 'secrets', isPath, findings),
    settings: kept,
  };
}

function listOf<T>(
  extensions: Unknown,
  name: string,
  isRight: (one: unknown) => one is T,
  findings: Findings,
  of = text('settingcheck.extensionPart', { name }),
): T[] {
  const { [name]: value = [] } = extensions;
  const list: unknown[] = Array.isArray(value) ? value : [];
  const kept = list.filter(isRight);
  if (!Array.isArray(value) || kept.length < list.length) {
    findings.drop(of, true);
  }
  return kept;
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 4096;
}

function isContributed(value: unknown): value is ContributedValue {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string');
  return ['boolean', 'string'].includes(typeof value) || Number.isFinite(value);
}

function profilesOf(profiles: unknown, findings: Findings): StoredProfile[] {
  if (profiles === undefined) return [];
  if (!Array.isArray(profiles)) {
    findings.drop(text('settingcheck.isNoList', { name: 'profiles' }), true);
    return [];
  }
  const kept = new Map<string, StoredProfile>();
  for (const [i, profile] of profiles.entries()) {
    const name: unknown = isObject(profile) ? profile['name'] : undefined;
    if (!isName(name) || name === '')
      findings.drop(text('settingcheck.profileNameless', { number: i + 1 }), true);
    else if (kept.has(name)) findings.drop(text('settingcheck.profileTwice', { name }), true);
    else {
      const settings = settingsOf(profile['settings'], findings);
      const networks = listOf(
        profile,
        'networks',
        isNetwork,
        findings,
        text('settingcheck.profileNetworks', { name }),
      );
      kept.set(name, { name, settings, networks });
    }
  }
  return [...kept.values()];
}

/** The name of the profile that is in use: without it, others might be let in. */
function inUse(name: unknown, profiles: readonly StoredProfile[], findings: Findings): string {
  if (name === undefined || name === '') return '';
  if (typeof name === 'string' && profiles.some((one) => one.name === name)) return name;
  findings.drop(text('settingcheck.profileGone'), true);
  return '';
}

/** Beyond it a page is of no use to anybody. */
export const MAX_ZOOM = 5;

function placeOf(place: unknown, findings: Findings): WindowPlace | undefined {
  if (place === undefined) return undefined;
  if (isObject(place)) {
    const { x, y, width, height, maximized, zoom } = place;
    const numbers = [x, y, width, height].every(Number.isSafeInteger);
    if (numbers && typeof maximized === 'boolean') {
      const isZoom = typeof zoom === 'number' && Math.abs(zoom) <= MAX_ZOOM;
      return { x, y, width, height, maximized, ...(isZoom && { zoom }) } as WindowPlace;
    }
  }
  findings.drop(text('settingcheck.place'));
  return undefined;
}
