import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './files.js';
import type { Scope } from './scope.js';

/** What the package.json of an extension says besides what all say. */
export type ManifestParts = Readonly<Record<string, unknown>>;

/** Writes an extension into a folder. @param code of its main file. */
export function writeExtension(folder: string, parts: ManifestParts, code: string): string {
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: 'picosocks5-ext',
    version: '1.0.0',
    description: 'Tests',
    type: 'module',
    main: 'extension.js',
    engines: { picosocks5: '^1.0.0' },
    ...parts,
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'extension.js'), code);
  return folder;
}

/**
 * An extension in a folder outside of the repository, that is removed when the test ends.
 *
 * @param parts of its package.json, as `contributes`.
 * @param code of its main file.
 * @returns the folder.
 */
export function extension(t: Scope, parts: ManifestParts, code: string): string {
  return writeExtension(join(temporaryDirectory(t), 'extension'), parts, code);
}

/** Contributions to registries by their ids: `{ accessPolicies: ['a'] }`. */
export function contributing(
  ids: Readonly<Record<string, readonly string[]>>,
  more: ManifestParts = {},
): ManifestParts {
  const lists = Object.entries(ids).map(([point, list]) => [point, list.map((id) => ({ id }))]);
  return { contributes: { ...Object.fromEntries(lists), ...more } };
}
