import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Output, type RunOptions, run, unless } from './programs.js';
import type { Scope } from './scope.js';

/** The folder with the package.json of all. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The `skip` option of a test that packs with npm: its reason, or undefined. */
export const unlessNpm = whyNoNpm();

function whyNoNpm(): string | undefined {
  if (process.platform === 'win32') return 'npm is no program that can be started here';
  try {
    accessSync(`${ROOT}core`, constants.W_OK);
  } catch {
    return `${ROOT}core cannot be written to`;
  }
  return unless('npm');
}

/** Runs npm, with nothing that its caller has told it by variables. */
export function npm(
  t: Scope,
  args: readonly string[],
  { env = {}, ...options }: RunOptions = {},
): Promise<Output> {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm|CI$|NODE_TEST)/i.test(name));
  const quiet = {
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
  return run(t, 'npm', args, { ...options, env: { ...Object.fromEntries(own), ...quiet, ...env } });
}

/**
 * Packs the server as it is published.
 *
 * @returns the path of its tarball, and that of the only package that it depends on.
 */
export async function pack(t: Scope, folder: string): Promise<{ own: string; bcryptjs: string }> {
  const args = ['pack', '--json', '--pack-destination', folder];
  const tarball = async (...what: string[]) => {
    const { status, stdout, stderr } = await npm(t, [...args, ...what], { cwd: ROOT });
    if (status !== 0) throw new Error(stderr);
    const listed: unknown = JSON.parse(stdout.slice(stdout.search(/^[[{]$/m)));
    const [one] = Object.values(listed as Record<string, { filename: string }>);
    return `${folder}/${one?.filename}`;
  };
  return {
    own: await tarball('--workspace', 'core'),
    bcryptjs: await tarball('--ignore-scripts', './node_modules/bcryptjs'),
  };
}
