import { readFile } from 'node:fs/promises';
import type { ExtensionContext } from 'picosocks5';
import { parseTarget, type Target } from './target.js';

/** What the settings say; spans are ms. */
export interface Settings {
  readonly ca: string | undefined;
  readonly token: string | undefined;
  readonly timeout: number;
  readonly retries: number;
  readonly connections: number;
  readonly cache: number;
  readonly access: Target | undefined;
  readonly accessCache: number;
  readonly events: Target | undefined;
  readonly eventTypes: ReadonlySet<string>;
  readonly eventsBatch: number;
  readonly eventsInterval: number;
  readonly eventsQueue: number;
}

/** @throws {Error} naming the setting that is wrong. */
export async function readSettings({
  configuration,
  secrets,
}: ExtensionContext): Promise<Settings> {
  const text = (key: string) => configuration.get<string>(`webhook.${key}`);
  const number = (key: string) => configuration.get<number>(`webhook.${key}`) ?? 0;
  const target = (key: string) => {
    const url = text(key);
    return url === undefined ? undefined : parseTarget(url, `webhook.${key}`);
  };
  return {
    ca: await readCa(text('ca')),
    token: checkToken(await secrets.get('webhook.token')),
    timeout: number('timeout') * 1000,
    retries: number('retries'),
    connections: number('connections'),
    cache: number('cache') * 1000,
    access: target('accessUrl'),
    accessCache: number('accessCache') * 1000,
    events: target('eventsUrl'),
    eventTypes: new Set(configuration.get<readonly string[]>('webhook.events') ?? []),
    eventsBatch: number('eventsBatch'),
    eventsInterval: number('eventsInterval') * 1000,
    eventsQueue: number('eventsQueue'),
  };
}

async function readCa(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const pem = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'no such file' : error.code;
    throw new Error(`webhook.ca: cannot read "${file}": ${why}`);
  });
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new Error(`webhook.ca: expected certificates in PEM in "${file}"`);
}

/** RFC 6750 section 2.1; a header takes nothing else. */
function checkToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new Error('webhook.token: expected visible ASCII characters without spaces');
}
