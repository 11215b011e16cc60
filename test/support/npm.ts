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

/** Packs the server as it is published, or one of the packages that it needs. @returns the tarball. */
export async function pack(t: Scope, what: string, folder: string): Promise<string> {
  const own = what === 'core';
  const which = own ? ['--workspace', what] : ['--ignore-scripts', `./node_modules/${what}`];
  const args = ['pack', '--json', '--pack-destination', folder, ...which];
  const { status, stdout, stderr } = await npm(t, args, { cwd: ROOT });
  if (status !== 0) throw new Error(stderr);
  // A list, or by name, behind what the scripts have said.
  const listed: unknown = JSON.parse(stdout.slice(stdout.search(/^[[{]$/m)));
  const [one] = Object.values(listed as Record<string, { filename: string }>);
  return `${folder}/${one?.filename}`;
}
