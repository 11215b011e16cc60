import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExtensionContext, UserError } from 'picosocks5';
import { Pool } from './pool.js';
import { PamSource } from './source.js';

const DEFAULT_SERVICE = 'picosocks5';
/** Where Linux-PAM looks for a service. */
const FOLDERS = ['/etc/pam.d', '/usr/etc/pam.d', '/usr/lib/pam.d'];
/** How long a process has to start and to load PAM, ms. */
const START_TIME = 5000;

export function activate({ registries, configuration, log, startHelper }: ExtensionContext): void {
  registries.authenticationSources.register({
    id: 'pam',
    async open(argument, warn) {
      const service = argument === '' ? DEFAULT_SERVICE : argument;
      if (!/^\w[\w.-]{0,63}$/.test(service)) {
        throw new UserError(
          `"${service}" is no service of PAM; expected the name of a file in /etc/pam.d`,
        );
      }
      const confdir = configuration.get<string>('pam.confdir');
      const timeout = (configuration.get<number>('pam.timeout') ?? 0) * 1000;
      const start = (time: number) => () =>
        startHelper('dist/helper.js', { kind: 'process', timeout: time });
      const folders = confdir === undefined ? FOLDERS : [confdir];
      const file = join(folders[0] as string, service.toLowerCase());
      const isThere = await isIn(folders, service);
      await probe(new Pool(start(START_TIME), 1, START_TIME), service, confdir, (words) =>
        isThere ? `its service "${service}" (${file}): ${words}` : `${file}: there is no such file`,
      );
      if (!isThere) {
        warn(
          `PAM has no service "${service}", which is the file ${file}: its service "other" decides, ` +
            'which mostly lets nobody in',
        );
      }
      const pool = new Pool(
        start(timeout),
        configuration.get<number>('pam.processes') ?? 1,
        timeout,
      );
      const groups = configuration.get<readonly string[]>('pam.groups') ?? [];
      const cache = (configuration.get<number>('pam.cache') ?? 0) * 1000;
      return new PamSource({ service, confdir, groups, cache, timeout }, pool, log);
    },
  });
}

/**
 * @param problem what PAM cannot use, by its words.
 * @throws {UserError} if PAM cannot be asked.
 */
async function probe(
  pool: Pool,
  service: string,
  confdir: string | undefined,
  problem: (words: string) => string,
): Promise<void> {
  try {
    const { code, words } = await pool.ask({ service, confdir, login: undefined });
    if (code !== 0) throw new UserError(`PAM cannot use ${problem(words)}`);
  } finally {
    pool.close();
  }
}

/** Services are looked for in lower case. */
async function isIn(folders: readonly string[], service: string): Promise<boolean> {
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, service.toLowerCase())).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
