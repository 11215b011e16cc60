import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import type { RemoteSettings } from '../ipc/contract.js';
import { writeWholeFile } from '../wholefile.js';

/** A server as the file has it: its token is in the keychain. */
export interface StoredServer {
  /** What the keychain has its token by. */
  readonly id: string;
  readonly settings: RemoteSettings;
  readonly hasToken: boolean;
  /** Whether there is to be a link to it, when the app starts as well. */
  readonly wanted: boolean;
}

const text = v.pipe(v.string(), v.maxLength(4096));
const stored: v.GenericSchema<StoredServer> = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
  settings: v.strictObject({
    name: text,
    way: v.picklist(['ssh', 'tls']),
    host: text,
    port: v.pipe(v.number(), v.integer()),
    user: text,
    control: text,
    fingerprint: text,
    ca: text,
  }),
  hasToken: v.boolean(),
  wanted: v.boolean(),
});
const file = v.object({ version: v.literal(1), servers: v.array(v.unknown()) });

/** The servers of a file: none, if there is none; without those that are not as they should be. */
export function readServers(path: string, warn: () => void): StoredServer[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  try {
    const { servers } = v.parse(file, JSON.parse(content));
    const good = servers.flatMap((one) => (v.is(stored, one) ? [one] : []));
    if (good.length < servers.length) warn();
    return good;
  } catch {
    warn();
    return [];
  }
}

/** @throws {UserError} if it cannot be written; what was there stays. */
export function writeServers(path: string, servers: readonly StoredServer[]): Promise<void> {
  const content = JSON.stringify({ version: 1, servers }, undefined, 2);
  return writeWholeFile(path, `${content}\n`, { secret: true });
}
