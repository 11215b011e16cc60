import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PICOSOCKS5 } from './command.js';
import { type ManifestParts, writeExtension } from './extensions.js';
import { temporaryDirectory } from './files.js';
import { npm } from './npm.js';
import { type Output, run } from './programs.js';
import type { Scope } from './scope.js';

/** Code that leaves a file behind wherever it is loaded. */
export const TRAP = `import { writeFileSync } from 'node:fs';
writeFileSync(new URL('./loaded', import.meta.url), '');
export function activate({ log }) { log.info('active'); }`;

/** Where a test installs extensions: a user's data folder of its own. */
export class Home {
  readonly folder: string;
  readonly installed: string;
  readonly #t: Scope;
  readonly #env: NodeJS.ProcessEnv;

  /** @param registry of npm; without one npm reaches nothing. */
  constructor(t: Scope, registry = 'http://127.0.0.1:9/') {
    this.#t = t;
    this.folder = temporaryDirectory(t);
    this.installed = join(this.folder, 'data', 'picosocks5', 'extensions');
    const own = Object.entries(process.env).filter(([name]) => !/^(npm|.*_proxy$)/i.test(name));
    this.#env = {
      ...Object.fromEntries(own),
      HOME: this.folder,
      XDG_DATA_HOME: join(this.folder, 'data'),
      XDG_STATE_HOME: join(this.folder, 'state'),
      LOCALAPPDATA: join(this.folder, 'data'),
      npm_config_registry: registry,
      npm_config_cache: join(this.folder, 'cache'),
      npm_config_fetch_retries: '0',
    };
  }

  get env(): NodeJS.ProcessEnv {
    return this.#env;
  }

  /** Runs `picosocks5 extension`. */
  extension(...args: string[]): Promise<Output> {
    const options = { env: this.#env, cwd: this.folder };
    return run(this.#t, process.execPath, [PICOSOCKS5, 'extension', ...args], options);
  }

  /** What extensions.json says. */
  index(): Record<string, Record<string, unknown>> {
    return JSON.parse(readFileSync(join(this.installed, 'extensions.json'), 'utf8')).extensions;
  }

  /** What stands in the folder of an installed one. */
  files(name: string): string[] {
    const folder = join(this.installed, String(this.index()[name]?.['folder']));
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return files.map((file) => file.replaceAll('\\', '/')).sort();
  }
}

/** Packs an extension by `npm pack`. @returns its tarball, and the SHA-512 of that. */
export async function packed(
  t: Scope,
  parts: ManifestParts,
  code = TRAP,
): Promise<{ file: string; tarball: Buffer; sha512: string }> {
  const folder = writeExtension(join(temporaryDirectory(t), 'source'), parts, code);
  const { status, stdout, stderr } = await npm(t, ['pack', '--silent', '--ignore-scripts'], {
    cwd: folder,
  });
  if (status !== 0) throw new Error(stderr);
  const file = join(folder, stdout.trim());
  const tarball = readFileSync(file);
  return { file, tarball, sha512: createHash('sha512').update(tarball).digest('base64') };
}
