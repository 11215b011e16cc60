import { join } from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { Catalog, type Origin } from './catalog.js';
import { type Manifest, readManifest } from './manifest.js';
import { type Places, readInstalled } from './places.js';

/** An extension that there is, be it one that can be used or not: nothing of it is loaded. */
export interface KnownExtension {
  /** Of its package; of one whose package.json is wrong, what is known of it. */
  readonly name: string;
  /** Undefined if its package.json is wrong. */
  readonly manifest: Manifest | undefined;
  readonly origin: Origin;
  /** Whether it may be used: an installed one may be disabled. */
  readonly enabled: boolean;
  readonly folder: string;
  /** Of an installed one, where it came from. */
  readonly source: string | undefined;
  /** Why it cannot be used. */
  readonly error: string | undefined;
}

/**
 * All extensions that are bundled, installed, or in one of some folders; of those that have the same
 * name the one that counts: a folder before an installed one before a bundled one.
 *
 * @param points the registries that there are.
 * @throws {UserError} if the index of installed extensions cannot be read.
 */
export async function knownExtensions(
  folders: readonly string[],
  places: Places,
  points: readonly string[],
): Promise<KnownExtension[]> {
  const catalog = await Catalog.read([], places, points);
  const installed = await readInstalled(places.installed);
  const known = new Map<string, KnownExtension>();
  for (const { manifest, origin, enabled } of catalog.found) {
    const { name, folder } = manifest;
    const source = origin === 'installed' ? installed.get(name)?.source : undefined;
    known.set(name, { name, manifest, origin, enabled, folder, source, error: undefined });
  }
  for (const { name, error } of catalog.broken) {
    const entry = installed.get(name);
    known.set(name, {
      ...{ name, manifest: undefined, error: error.message },
      origin: entry === undefined ? 'bundled' : 'installed',
      enabled: entry?.enabled ?? true,
      folder: entry === undefined ? name : join(places.installed, entry.folder),
      source: entry?.source,
    });
  }
  for (const folder of folders) {
    const one = await inFolder(folder, points);
    known.set(one.name, one);
  }
  return [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function inFolder(folder: string, points: readonly string[]): Promise<KnownExtension> {
  const common = { origin: 'folder' as const, enabled: true, source: folder };
  try {
    const manifest = await readManifest(folder, points);
    const { name } = manifest;
    return { ...common, name, manifest, folder: manifest.folder, error: undefined };
  } catch (error) {
    const { message } = error instanceof UserError ? error : { message: messageOf(error) };
    return { ...common, name: folder, manifest: undefined, folder, error: message };
  }
}
