import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import type { ExtensionContext } from 'picosocks5';
import { UserError } from 'picosocks5';

/** Where a server is. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** What the settings say; spans are ms. */
export interface Settings {
  readonly kind: 'server' | 'cluster' | 'sentinel';
  /** Servers of a cluster, Sentinels, or the one server. */
  readonly places: readonly Place[];
  /** What Sentinel calls the servers. */
  readonly master: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinelPassword: string | undefined;
  readonly database: number | undefined;
  readonly tls: ConnectionOptions | undefined;
  readonly prefix: string;
  /** What digests are made with, beside the key that is in Redis. */
  readonly secret: string | undefined;
  readonly down: 'local' | 'refuse';
  readonly lease: number;
  readonly timeout: number;
}

const FORM = 'redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE], or rediss:// for TLS';
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/** @returns undefined if no server is named. @throws {UserError} naming the setting that is wrong. */
export async function readSettings({
  configuration,
  secrets,
}: Pick<ExtensionContext, 'configuration' | 'secrets'>): Promise<Settings | undefined> {
  const text = (key: string) => configuration.get<string>(`redis.${key}`);
  const number = (key: string) => (configuration.get<number>(`redis.${key}`) ?? 0) * 1000;
  const given = text('url');
  if (given === undefined) return undefined;
  const master = text('sentinel');
  const isCluster = configuration.get<boolean>('redis.cluster') ?? false;
  if (isCluster && master !== undefined) {
    throw new UserError('redis.cluster and redis.sentinel exclude each other');
  }
  const kind = isCluster ? 'cluster' : master === undefined ? 'server' : 'sentinel';
  const usual = kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT;
  const url = parseUrl(given);
  const more = configuration.get<readonly string[]>('redis.servers') ?? [];
  if (more.length > 0 && kind === 'server') {
    throw new UserError('redis.servers are those of redis.cluster or redis.sentinel');
  }
  const database = databaseOf(url);
  if (kind === 'cluster' && database !== undefined && database > 0) {
    throw new UserError('redis.url: a cluster has no databases to choose from');
  }
  const password = (await secrets.get('redis.password')) ?? decode(url.password);
  return {
    ...{ kind, master, database, password },
    places: [placeOf(url, usual), ...more.map((one) => placeOf(parseUrl(`redis://${one}`), usual))],
    username: decode(url.username),
    sentinelPassword: await secrets.get('redis.sentinelPassword'),
    tls: url.protocol === 'rediss:' ? await tlsOf(text, url) : undefined,
    prefix: text('prefix') ?? 'picosocks5',
    secret: await secrets.get('redis.secret'),
    down: text('down') === 'refuse' ? 'refuse' : 'local',
    lease: number('lease'),
    timeout: number('timeout'),
  };
}

/** Nothing of it is told: there may be a password in it. */
function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRedis = url?.protocol === 'redis:' || url?.protocol === 'rediss:';
  if (
    url === undefined ||
    !isRedis ||
    url.hostname === '' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new UserError(`redis.url: expected ${FORM}`);
  }
  return url;
}

function placeOf({ hostname, port }: URL, usual: number): Place {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: port === '' ? usual : Number(port) };
}

function databaseOf({ pathname }: URL): number | undefined {
  if (pathname === '' || pathname === '/') return undefined;
  if (/^\/\d{1,5}$/.test(pathname)) return Number(pathname.slice(1));
  throw new UserError(`redis.url: expected ${FORM}`);
}

function decode(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw new UserError('redis.url: a % in user or password has to be written as %25');
  }
}

async function tlsOf(
  text: (key: string) => string | undefined,
  { hostname }: URL,
): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all(
    ['ca', 'cert', 'key'].map(async (name) => {
      const file = text(name);
      if (file === undefined) return undefined;
      return readFile(file).catch((error: Error) => {
        throw new UserError(`redis.${name}: cannot read "${file}": ${error.message}`);
      });
    }),
  );
  if ((cert === undefined) !== (key === undefined)) {
    throw new UserError('redis.cert and redis.key belong together');
  }
  const isName = !/^[\d.]+$|^\[/.test(hostname);
  const servername = text('serverName') ?? (isName ? hostname : undefined);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(servername === undefined ? {} : { servername }),
  };
}
