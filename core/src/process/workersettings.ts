import { readFile } from 'node:fs/promises';
import { filesOf } from '../config/files.js';
import type { Settings } from '../config/settings.js';
import { parseListenEndpoint } from '../listening/endpoint.js';
import { inheritedAddress, parseDescriptor } from '../listening/inherited.js';
import type { FileContents } from '../sharing/messages.js';
import { wantedSecretFiles } from './wantedextensions.js';

/** Settings as they are for who has given up root already. */
export function withoutPrivileges({ user: _user, group: _group, ...settings }: Settings): Settings {
  return settings;
}

/** Opens the sockets that settings say were inherited, of which workers are told where they listen. */
export function openInherited({ listen = [], listeners = {} }: Settings): void {
  const named = Object.values(listeners).flatMap((listener) => listener.listen ?? []);
  for (const endpoint of [...listen, ...named]) {
    const descriptor = parseDescriptor(parseListenEndpoint(endpoint).host ?? '');
    if (descriptor !== undefined) inheritedAddress(descriptor);
  }
}

/**
 * Reads what workers need of files once for all of them: password files, certificates and keys, and
 * secrets of extensions.
 * What cannot be read is theirs to say.
 *
 * @throws {UserError} naming what is wrong with an extension or one of its settings.
 */
export async function readFiles(settings: Settings): Promise<FileContents> {
  const files: Record<string, string> = Object.create(null);
  const named = filesOf(settings).map(({ name }) => name);
  for (const file of [...named, ...(await wantedSecretFiles(settings))]) {
    if (files[file] !== undefined) continue;
    const octets = await readFile(file).catch(() => undefined);
    if (octets !== undefined) files[file] = octets.toString('base64');
  }
  return files;
}
