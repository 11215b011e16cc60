import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { codeOf, systemMessage, UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { changeFile } from '../base/replacefile.js';
import { isFolder } from './catalog.js';
import { copyFolder } from './foldercopy.js';
import { isPackageName, type Manifest, readManifest, shortName } from './manifest.js';
import { fetchPackage, installDependencies, parsePackageSpec } from './npm.js';
import {
  INDEX,
  type InstalledExtension,
  parseInstalled,
  placesOf,
  readInstalled,
} from './places.js';
import { unpackTarball } from './tarball.js';
import { demandTrust } from './trust.js';

/** What an extension is made in, before it counts. */
const STAGING = '.staging-';
/** A folder in which one is made for longer was left behind, ms. */
const STALE = 24 * 60 * 60_000;

/** An extension that was installed. */
export interface Installed {
  readonly manifest: Manifest;
  readonly entry: InstalledExtension;
  /** The version in whose place it is; undefined if it is new. */
  readonly before: string | undefined;
}

/**
 * The extensions that were installed into a folder. Nothing of them is loaded here, and none of
 * their scripts run. Each is in a folder of its own, and counts once `extensions.json` names it,
 * which is at once: who reads it meanwhile, or after a crash, finds all of the old or of the new.
 */
export class ExtensionStore {
  readonly #folder: string;
  readonly #points: readonly string[];

  /**
   * @param folder where they are; it is made when one is installed.
   * @param points the registries that there are.
   */
  constructor(folder: string, points: readonly string[]) {
    this.#folder = folder;
    this.#points = points;
  }

  /** What is installed, by name. @throws {UserError} if the index cannot be read. */
  all(): Promise<ReadonlyMap<string, InstalledExtension>> {
    return readInstalled(this.#folder);
  }

  /**
   * Installs an extension, or another version in the place of one; what was disabled stays so.
   *
   * @param source a folder, a tarball (`.tgz`), or `NAME[@VERSION]` of npm.
   * @throws {UserError} saying what is wrong: then all is as it was.
   */
  async install(source: string): Promise<Installed> {
    const folder = await this.#prepared();
    const staging = await mkdtemp(join(folder, STAGING));
    try {
      const made = join(staging, 'extension');
      await mkdir(made, { mode: 0o755 });
      const { sha512, from, name } = await this.#bring(source, made, staging);
      const manifest = await readManifest(made, this.#points).catch((error: unknown) => {
        throw inWords(error, made, source);
      });
      if (name !== undefined && name !== manifest.name) {
        throw new UserError(`"${source}" is a package that calls itself "${manifest.name}"`);
      }
      await demandMain(manifest, source);
      await installDependencies(made);
      await tighten(made);
      await demandTrust(made).catch((error: unknown) => {
        throw error instanceof UserError ? new UserError(error.problem) : error;
      });
      return await this.#keep(made, manifest, { sha512, source: from });
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`"${source}" cannot be installed: ${systemMessage(error)}`);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }

  /**
   * Removes one; what it keeps in its storage stays.
   *
   * @param name of the package, with or without scope and `picosocks5-`.
   * @returns the package's name.
   * @throws {UserError} if it is not installed.
   */
  async remove(name: string): Promise<string> {
    let found = '';
    await this.#change((entries) => {
      found = ownName(name, entries);
      const gone = entries.get(found)?.folder;
      entries.delete(found);
      return gone === undefined ? [] : [gone];
    });
    return found;
  }

  /**
   * Enables or disables one.
   *
   * @param name as that of {@link remove}.
   * @returns the package's name, and whether it was so before.
   * @throws {UserError} if it is not installed.
   */
  async setEnabled(name: string, enabled: boolean): Promise<{ name: string; wasSo: boolean }> {
    let found = '';
    let wasSo = false;
    await this.#change((entries) => {
      found = ownName(name, entries);
      const entry = entries.get(found) as InstalledExtension;
      wasSo = entry.enabled === enabled;
      entries.set(found, { ...entry, enabled });
      return [];
    });
    return { name: found, wasSo };
  }

  async #prepared(): Promise<string> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o755 });
    } catch (error) {
      throw new UserError(`cannot make "${this.#folder}": ${systemMessage(error)}`);
    }
    return this.#folder;
  }

  /** Puts the files of an extension into a folder. */
  async #bring(source: string, made: string, staging: string): Promise<Brought> {
    if (!isUrl(source) && (await isTarball(source))) {
      return { sha512: await unpackTarball(source, made), from: resolve(source), name: undefined };
    }
    const spec = parsePackageSpec(source);
    const isPath = spec === undefined && isFolder(source) && !isUrl(source);
    if (isPath || existsSync(join(source, 'package.json'))) {
      // Before all of a folder is copied that is none.
      await readManifest(source, this.#points);
      await copyFolder(source, made);
      return { sha512: undefined, from: resolve(source), name: undefined };
    }
    if (spec === undefined) {
      throw new UserError(
        `"${source}" is neither a folder, a .tgz nor a name of npm such as ` +
          'picosocks5-ldap@1.0.0',
      );
    }
    const fetched = join(staging, 'fetched');
    await mkdir(fetched);
    const tarball = await fetchPackage(spec, fetched);
    return { sha512: await unpackTarball(tarball, made), from: source, name: spec.name };
  }

  /** Makes what is whole count. */
  async #keep(
    made: string,
    manifest: Manifest,
    { sha512, source }: Pick<InstalledExtension, 'sha512' | 'source'>,
  ): Promise<Installed> {
    const { name, version } = manifest;
    const unique = randomBytes(4).toString('hex');
    const folder = `${name.replace('/', '+')}-${version}-${unique}`;
    let installed: Installed | undefined;
    await this.#change((entries) => {
      const before = entries.get(name);
      const entry = { version, sha512, enabled: before?.enabled ?? true, source, folder };
      renameSync(made, join(this.#folder, folder));
      entries.set(name, entry);
      const at = join(this.#folder, folder);
      const main = join(at, manifest.main.slice(manifest.folder.length));
      installed = { manifest: { ...manifest, folder: at, main }, entry, before: before?.version };
      // A server that runs may not have loaded all of what it had: that stays until the next change.
      return [];
    });
    return installed as Installed;
  }

  /**
   * Changes the index, while nobody else does.
   *
   * @param change returns the folders that are to go.
   */
  async #change(change: (entries: Map<string, InstalledExtension>) => string[]): Promise<void> {
    const file = join(this.#folder, INDEX);
    let gone: string[] = [];
    const edit = (octets: Buffer | undefined): Buffer => {
      const entries = new Map(
        octets === undefined ? [] : parseInstalled(octets.toString('utf8'), file),
      );
      const before = [...entries.values()].map(({ folder }) => folder);
      const removed = change(entries);
      const kept = [...before, ...[...entries.values()].map(({ folder }) => folder)];
      gone = [...removed, ...this.#left(kept)].filter((name) => isOwnFolder(name));
      const extensions = Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
      return Buffer.from(`${JSON.stringify({ extensions }, undefined, 2)}\n`);
    };
    // What is not there is said of an extension, and not of a folder.
    if (!existsSync(this.#folder)) change(new Map());
    const isNew = await changeFile(file, edit);
    // A server reads it as a user of its own.
    if (isNew && process.platform !== 'win32') await chmod(file, 0o644);
    for (const name of gone) {
      await rm(join(this.#folder, name), { recursive: true, force: true }).catch(() => {});
    }
  }

  /** Folders that neither count nor did before: of earlier versions, and of what was broken off. */
  #left(kept: readonly string[]): string[] {
    return readdirSync(this.#folder).filter((name) => {
      if (kept.includes(name)) return false;
      if (!name.startsWith(STAGING)) return /-[0-9a-f]{8}$/.test(name);
      return Date.now() - statSync(join(this.#folder, name)).mtimeMs > STALE;
    });
  }
}

interface Brought extends Pick<InstalledExtension, 'sha512'> {
  readonly from: string;
  /** That it has to have; undefined: any. */
  readonly name: string | undefined;
}

/** Whether an entry of the index is the name of a folder beside it, and nothing else. */
function isOwnFolder(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && basename(name) === name;
}

function isUrl(source: string): boolean {
  return source.includes('://');
}

/**
 * @throws {UserError} if a source that is a file, or is named as one, is no tarball.
 */
async function isTarball(source: string): Promise<boolean> {
  const isNamedSo = /\.(tgz|tar\.gz)$/i.test(source);
  try {
    const stats = await stat(source);
    if (stats.isFile() && (isNamedSo || isFolder(source))) return true;
    return false;
  } catch (error) {
    const isNone = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
    if (!isNamedSo && isNone) return false;
    throw new UserError(`cannot read "${source}": ${systemMessage(error)}`);
  }
}

/** A mistake in what was unpacked, told of where it came from. */
function inWords(error: unknown, made: string, source: string): unknown {
  if (!(error instanceof UserError)) return error;
  const isNone = error.message.startsWith(`"${made}" is no extension`);
  if (isNone) return new UserError(`"${source}" is no extension: there is no package.json in it`);
  return new UserError(
    error.message.replaceAll(join(made, 'package.json'), `${source}: package.json`),
  );
}

async function demandMain({ main, folder }: Manifest, source: string): Promise<void> {
  const stats = await stat(main).catch(() => undefined);
  if (stats?.isFile() === true) return;
  const name = main.slice(folder.length + 1);
  throw new UserError(`"${source}" has no "${name}", its main file: was it built?`);
}

/** Takes from others the right to write, which npm leaves them where the user's umask does. */
async function tighten(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) continue;
    if ((stats.mode & 0o022) !== 0) await chmod(path, stats.mode & 0o7755);
    if (stats.isDirectory()) await tighten(path);
  }
}

/** @throws {UserError} if there is none of that name, or if several have it. */
function ownName(text: string, entries: ReadonlyMap<string, InstalledExtension>): string {
  if (entries.has(text)) return text;
  const names = [...entries.keys()];
  const meant = names.filter((name) => shortName(name) === text);
  const [found, another] = meant;
  if (found !== undefined && another === undefined) return found;
  if (another !== undefined) {
    const all = meant.map((name) => `"${name}"`).join(' and ');
    throw new UserError(`"${text}" could be ${all}: expected the whole name`);
  }
  const short = shortName(text);
  if (isPackageName(text) && existsSync(join(placesOf(undefined).bundled, short, 'package.json'))) {
    throw new UserError(
      `"${short}" is bundled, not installed: it is loaded only where the configuration asks for it`,
    );
  }
  const known = names.flatMap((name) => [shortName(name), name]);
  throw new UserError(
    `there is no installed extension "${text}"${didYouMean(text, known) || '; "picosocks5 extension list" says which there are'}`,
  );
}
