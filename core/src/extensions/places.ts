import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf, messageOf, systemMessage, UserError } from '../base/errors.js';
import { isPackageName } from './manifest.js';

/** Where extensions are, and where they keep what is theirs. */
export interface Places {
  /** Those that are part of the product: a folder of each. */
  readonly bundled: string;
  /** Those that were installed: {@link INDEX} says which. */
  readonly installed: string;
  /** What extensions keep: a folder of each. */
  readonly storage: string;
}

/** The file in the folder of installed extensions that says what is there. */
export const INDEX = 'extensions.json';

/** What the index says of an installed extension. */
export interface InstalledExtension {
  readonly version: string;
  /** Of the tarball that it came in, in Base64; of what came as a folder, undefined. */
  readonly sha512: string | undefined;
  /** Whether it may be used. */
  readonly enabled: boolean;
  /** Where it came from: a folder, a tarball, or an npm name. */
  readonly source: string | undefined;
  /** Where it is, in the folder of installed extensions. */
  readonly folder: string;
}

/**
 * Where extensions are on this system: those that were installed in the user's data folder (XDG Base
 * Directory Specification), what they keep in the user's state folder, or in systemd's
 * StateDirectory.
 *
 * @param extensionsDir where installed ones are instead; what they keep is then there as well.
 */
export function placesOf(extensionsDir: string | undefined): Places {
  const bundled = fileURLToPath(new URL('../../extensions/', import.meta.url));
  if (extensionsDir !== undefined) {
    const installed = resolve(extensionsDir);
    return { bundled, installed, storage: join(installed, 'storage') };
  }
  const [data, state] = userFolders();
  const ofService = process.env['STATE_DIRECTORY']?.split(delimiter)[0];
  return {
    bundled,
    installed: join(data, 'picosocks5', 'extensions'),
    storage: join(ofService || join(state, 'picosocks5'), 'extensions'),
  };
}

/** The user's folders for data and for state. */
function userFolders(): readonly [data: string, state: string] {
  const home = homedir();
  if (process.platform === 'win32') {
    const local = folderIn('LOCALAPPDATA') ?? join(home, 'AppData', 'Local');
    return [local, local];
  }
  if (process.platform === 'darwin') {
    const support = join(home, 'Library', 'Application Support');
    return [support, support];
  }
  return [
    folderIn('XDG_DATA_HOME') ?? join(home, '.local', 'share'),
    folderIn('XDG_STATE_HOME') ?? join(home, '.local', 'state'),
  ];
}

/** A folder that the environment names; what is relative does not count (XDG). */
function folderIn(variable: string): string | undefined {
  const value = process.env[variable];
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

/**
 * What is installed, by the names of the packages. Without an index nothing is.
 *
 * @throws {UserError} if the index cannot be read.
 */
export async function readInstalled(
  installed: string,
): Promise<ReadonlyMap<string, InstalledExtension>> {
  const file = join(installed, INDEX);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')) return new Map();
    throw new UserError(`cannot read "${file}": ${systemMessage(error)}`);
  }
  return parseInstalled(text, file);
}

/**
 * What an index says.
 *
 * @param file its name, for messages.
 * @throws {UserError} if it is none.
 */
export function parseInstalled(
  text: string,
  file: string,
): ReadonlyMap<string, InstalledExtension> {
  try {
    const { extensions = {} } = JSON.parse(text) as { extensions?: Record<string, unknown> };
    return new Map(Object.entries(extensions).map(([name, value]) => [name, entryOf(name, value)]));
  } catch (error) {
    throw new UserError(`"${file}" is damaged: ${messageOf(error)}`);
  }
}

function entryOf(name: string, value: unknown): InstalledExtension {
  const { version, sha512, enabled, source, folder } = (value ?? {}) as Record<string, unknown>;
  if (!isPackageName(name) || typeof version !== 'string' || typeof folder !== 'string') {
    throw new Error(`expected version and folder of "${name}"`);
  }
  return {
    version,
    sha512: typeof sha512 === 'string' ? sha512 : undefined,
    enabled: enabled !== false,
    source: typeof source === 'string' ? source : undefined,
    folder,
  };
}
