import { UserError } from 'picosocks5';
import { text } from '../../words/words.js';
import { type Kept, migrate, NO_EXTENSIONS, type SettingsFile, VERSION } from '../file.js';
import { JsonMistake, problemOf, propertiesOf, readJson } from '../jsontext.js';
import { repair } from '../repair.js';

/** What such a file says it is. */
const FORMAT = 'picosocks5-settings';

/** The passwords of an export: encrypted in the file, and nowhere else. */
export interface Passwords {
  /** By the names of users: a password, or a hash of crypt(3). */
  readonly users: Readonly<Record<string, { readonly secret: string; readonly hashed: boolean }>>;
  /** By the names of upstream servers. */
  readonly upstreams: Readonly<Record<string, string>>;
  /** Secrets of extensions, by their accounts. */
  readonly extensions: Readonly<Record<string, string>>;
}

/** What was exported: `sealed` are its passwords, as age encrypts them. */
export interface Bundle {
  readonly file: SettingsFile;
  readonly sealed: string | undefined;
}

/**
 * Writes all that is kept as JSON: the settings file, but for what is of this computer only, and
 * `passwords`. Which extensions may run is not for another computer to say.
 */
export function formatBundle(
  { settings, profiles, users, upstreams, extensions }: Kept,
  sealed: string | undefined,
): string {
  const bundle = {
    format: FORMAT,
    version: VERSION,
    settings,
    profiles,
    users: users.map((user) => ({ ...user, hashed: false })),
    upstreams,
    extensions: { settings: extensions.settings },
    ...(sealed !== undefined && { passwords: sealed }),
  };
  return `${JSON.stringify(bundle, undefined, 2)}\n`;
}

/** @throws {UserError} naming the file and what is wrong with it: then nothing of it is used. */
export function readBundle(file: string, json: string): Bundle {
  try {
    propertiesOf(readJson(json));
  } catch (error) {
    if (!(error instanceof JsonMistake)) throw error;
    const { line, column, message } = problemOf(json, error);
    throw new UserError(`${file}:${line}:${column}: ${message}`);
  }
  const content = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const { format, passwords } = content;
  if (format !== FORMAT) throw new UserError(text('settingsfile.noExport', { file }));
  if (passwords !== undefined && typeof passwords !== 'string') {
    throw new UserError(text('settingsfile.badExport', { file, problem: '"passwords"' }));
  }
  const { file: read, dropped } = repair(migrated(file, content));
  const [problem] = dropped;
  if (problem !== undefined) throw new UserError(text('settingsfile.badExport', { file, problem }));
  const { settings = {} } = read.extensions ?? NO_EXTENSIONS;
  return {
    file: { ...read, extensions: { ...NO_EXTENSIONS, settings } },
    sealed: passwords,
  };
}

function migrated(file: string, content: Readonly<Record<string, unknown>>) {
  try {
    return migrate(content);
  } catch (error) {
    const problem = error instanceof Error ? error.message : '';
    throw new UserError(text('settingsfile.badExport', { file, problem }));
  }
}

/** Reads passwords that were encrypted. @throws {UserError} if it is something else. */
export function readPasswords(json: string): Passwords {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch {
    content = undefined;
  }
  const { users, upstreams, extensions } = recordOf(content);
  const known = Object.entries(recordOf(users)).map(([name, value]) => {
    const { secret, hashed } = recordOf(value);
    if (typeof secret !== 'string' || typeof hashed !== 'boolean') throw odd();
    return [name, { secret, hashed }];
  });
  return {
    users: Object.fromEntries(known),
    upstreams: textsOf(upstreams),
    extensions: textsOf(extensions),
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw odd();
  return value as Readonly<Record<string, unknown>>;
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const record = recordOf(value);
  if (!Object.values(record).every((one) => typeof one === 'string')) throw odd();
  return record as Readonly<Record<string, string>>;
}

const odd = () => new UserError(text('settingsfile.badSeal'));
