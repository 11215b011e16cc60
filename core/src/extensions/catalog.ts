import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { isPackageName, type Manifest, type Point, readManifest, shortName } from './manifest.js';
import { type Places, readInstalled } from './places.js';

/** Where an extension comes from. */
export type Origin = 'bundled' | 'installed' | 'folder';

/** An extension that there is: nothing of it was loaded. */
export interface Found {
  readonly manifest: Manifest;
  readonly origin: Origin;
  /** Whether it may be used: an installed one may be disabled. */
  readonly enabled: boolean;
}

/** Says which extensions may be used, besides what is said of each where it is installed. */
export type ExtensionFilter = (extension: Pick<Found, 'manifest' | 'origin'>) => boolean;

/** One whose package.json is wrong. */
export interface Broken {
  /** The name of its folder, or of the package. */
  readonly name: string;
  readonly error: UserError;
}

/** Whether what somebody calls an extension is a folder, and not a name. */
export function isFolder(text: string): boolean {
  if (isAbsolute(text) || /^\.{1,2}([/\\]|$)/.test(text)) return true;
  return /[/\\]/.test(text) && !(text.startsWith('@') && isPackageName(text));
}

/** The extensions that there are: those that are bundled, installed, or named by their folders. */
export class Catalog {
  /** Of each name the one that counts: a folder before an installed one before a bundled one. */
  readonly found: readonly Found[];
  /** Those that cannot be used. */
  readonly broken: readonly Broken[];
  readonly #named: ReadonlyMap<string, Manifest>;

  private constructor(
    found: readonly Found[],
    broken: readonly Broken[],
    named: ReadonlyMap<string, Manifest>,
  ) {
    this.found = found;
    this.broken = broken;
    this.#named = named;
  }

  /**
   * Reads the package.json of each.
   *
   * @param named folders and names.
   * @param points the registries that there are.
   * @param permits which count as enabled; all, if it is left out.
   * @throws {UserError} if a folder that is named is no extension.
   */
  static async read(
    named: readonly string[],
    places: Places,
    points: readonly string[],
    permits: ExtensionFilter = () => true,
  ): Promise<Catalog> {
    const byName = new Map<string, Found>();
    const broken: Broken[] = [];
    for (const folder of await foldersIn(places.bundled)) {
      try {
        const manifest = await readManifest(folder, points);
        byName.set(manifest.name, { manifest, origin: 'bundled', enabled: true });
      } catch (error) {
        broken.push({ name: folder, error: userError(error) });
      }
    }
    for (const [name, { folder, enabled }] of await readInstalled(places.installed)) {
      try {
        const manifest = await readManifest(join(places.installed, folder), points);
        byName.set(manifest.name, { manifest, origin: 'installed', enabled });
      } catch (error) {
        broken.push({ name, error: userError(error) });
      }
    }
    const folders = new Map<string, Manifest>();
    for (const folder of named.filter(isFolder)) {
      const manifest = await readManifest(folder, points);
      const other = byName.get(manifest.name);
      if (other?.origin === 'folder' && other.manifest.folder !== manifest.folder) {
        throw new UserError(
          `"${folder}" and "${other.manifest.folder}" are the same extension "${manifest.name}"`,
        );
      }
      byName.set(manifest.name, { manifest, origin: 'folder', enabled: true });
      folders.set(folder, manifest);
    }
    const found = Array.from(byName.values(), (one) => ({
      ...one,
      enabled: one.enabled && permits(one),
    }));
    return new Catalog(found, broken, folders);
  }

  /**
   * The extension that somebody names.
   *
   * @param text a folder, the name of a package, or such a name without scope and `picosocks5-`.
   * @throws {UserError} if there is none, it is disabled, or several have the name.
   */
  named(text: string): Found {
    const manifest = this.#named.get(text);
    const found = manifest && this.found.find((one) => one.manifest === manifest);
    if (found !== undefined) {
      this.#demandEnabled(found);
      return found;
    }
    const isMeant = ({ manifest: { name, short } }: Found) => name === text || short === text;
    const exact = this.found.filter((one) => one.manifest.name === text);
    return this.#only(text, exact.length > 0 ? exact : this.found.filter(isMeant));
  }

  /** The extension whose settings begin so. @throws {UserError} as {@link named} does. */
  ofShort(short: string): Found {
    const whole = this.found.find(({ manifest }) => manifest.name === short);
    if (whole !== undefined && whole.manifest.short !== short) {
      throw new UserError(`settings of "${short}" go by its short name: "${whole.manifest.short}"`);
    }
    return this.#only(
      short,
      this.found.filter(({ manifest }) => manifest.short === short),
    );
  }

  /** The extension that a setting is of; undefined if none has such settings. */
  ofSetting(key: string): string | undefined {
    const shorts = this.found.map(({ manifest: { short } }) => short);
    const owners = shorts.filter((short) => key.startsWith(`${short}.`));
    return owners.sort((a, b) => b.length - a.length)[0];
  }

  /**
   * The extension that contributes something.
   *
   * @param id or, of an outbound, a scheme.
   * @param isWanted of several that do the ones that are wanted anyway decide.
   * @returns undefined if none does.
   * @throws {UserError} if it is disabled, or if several do.
   */
  contributing(point: Point, id: string, isWanted: (found: Found) => boolean): Found | undefined {
    const all = this.found.filter(({ manifest }) => contributes(manifest, point, id));
    const wanted = all.filter(isWanted);
    if (wanted.length > 0) return wanted[0];
    const enabled = all.filter((one) => one.enabled);
    if (enabled.length > 1) {
      const names = enabled.map(({ manifest: { name } }) => `"${name}"`).join(' and ');
      throw new UserError(`${names} both have "${id}": name the one that is meant by --extension`);
    }
    const [found] = enabled.length > 0 ? enabled : all;
    if (found !== undefined) this.#demandEnabled(found);
    return found;
  }

  #only(text: string, candidates: readonly Found[]): Found {
    const enabled = candidates.filter((one) => one.enabled);
    const folders = enabled.filter(({ origin }) => origin === 'folder');
    const left = folders.length > 0 ? folders : enabled.length > 0 ? enabled : candidates;
    const [found, another] = left;
    if (found === undefined) throw this.#unknown(text);
    if (another !== undefined) {
      const names = left.map(({ manifest: { name } }) => `"${name}"`).join(' and ');
      throw new UserError(`"${text}" could be ${names}: expected the whole name`);
    }
    this.#demandEnabled(found);
    return found;
  }

  #demandEnabled({ enabled, manifest: { name } }: Found): void {
    if (enabled) return;
    throw new UserError(
      `the extension "${name}" is disabled; enable it with: picosocks5 extension enable ${name}`,
      { code: 'extension-disabled', subject: name },
    );
  }

  #unknown(text: string): UserError {
    const broken = this.broken.find(
      ({ name }) => shortName(name.replace(/^.*[/\\](?=.)/, '')) === shortName(text),
    );
    if (broken !== undefined) return broken.error;
    const known = this.found.flatMap(({ manifest: { name, short } }) => [short, name]);
    const guess = didYouMean(text, known);
    const isHere = guess === '' && existsSync(join(text, 'package.json'));
    const hint = isHere
      ? `; did you mean the folder "./${text}"?`
      : guess ||
        '; expected a folder, or one of those that are bundled or installed ("picosocks5 extension ' +
          'list" shows them)';
    return new UserError(`there is no extension "${text}"${hint}`);
  }
}

/** Whether an extension contributes an item. @param id or, where it has any, one of its schemes. */
export function contributes({ contributes: all }: Manifest, point: Point, id: string): boolean {
  const list = all[point] ?? [];
  return list.some(
    (one) => !one.before && (one.schemes.length > 0 ? one.schemes.includes(id) : one.id === id),
  );
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return names.sort().map((name) => join(folder, name));
}

function userError(error: unknown): UserError {
  return error instanceof UserError ? error : new UserError(messageOf(error));
}
