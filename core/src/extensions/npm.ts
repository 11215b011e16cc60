import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { codeOf, messageOf, UserError } from '../base/errors.js';
import { isPackageName } from './manifest.js';

/** How long npm has for all that it does, ms. */
const TIME = 10 * 60_000;
/** As much of what it says is kept, characters. */
const MAX_OUTPUT = 1_000_000;

/** What keeps npm from running anything of a package, and from saying more than is asked. */
const SAFE = [
  ...['--ignore-scripts', '--allow-git=none', '--no-audit', '--no-fund', '--no-global'],
  ...['--no-update-notifier', '--loglevel=error', '--json'],
];

/** Fields of package.json that say what is needed when an extension runs. */
const needed = [
  ...['name', 'version', 'dependencies', 'optionalDependencies', 'peerDependencies'],
  ...['peerDependenciesMeta', 'bundleDependencies', 'bundledDependencies', 'overrides'],
];

/** A package of a registry. */
export interface PackageSpec {
  readonly name: string;
  /** As it was given, with its version, range or tag. */
  readonly text: string;
}

/**
 * Reads `NAME[@VERSION]` of npm: what names a folder, a URL or a repository is none.
 *
 * @returns undefined if it is something else.
 */
export function parsePackageSpec(text: string): PackageSpec | undefined {
  const [, name = '', version] = /^(@?[^@]+)(?:@(.*))?$/s.exec(text) ?? [];
  if (!isPackageName(name) || name.startsWith('-')) return undefined;
  const isVersion = version === undefined || /^[\w.+~^<>=*| -]{1,200}$/.test(version);
  if (!isVersion || /\.(tgz|tar|tar\.gz)$/i.test(version ?? '')) return undefined;
  return { name, text };
}

/**
 * Fetches a package as a tarball, which npm checks against what its registry says.
 *
 * @param folder where the tarball is put: one with nothing in it.
 * @returns its path.
 * @throws {UserError} if npm cannot fetch it, or if there is no npm.
 */
export async function fetchPackage({ text }: PackageSpec, folder: string): Promise<string> {
  let said: string;
  try {
    said = await npm(['pack', '--pack-destination', folder, '--', text], folder);
  } catch (error) {
    throw UserError.at(`npm cannot fetch "${text}"`, error);
  }
  // A list, or an object by name.
  const listed = parse(said) ?? {};
  const [one] = Object.values(listed) as { filename?: unknown }[];
  const name = one?.filename;
  // Older versions of npm tell a scope here as it is, and not as it stands in the file's name.
  const file = typeof name === 'string' && join(folder, name.replace(/^@/, '').replace('/', '-'));
  if (typeof file === 'string' && existsSync(file)) return file;
  throw new UserError(`npm has fetched no tarball of "${text}"`);
}

/**
 * Installs what an extension needs into its folder, if it needs anything.
 *
 * @throws {UserError} if npm cannot, or if there is no npm.
 */
export async function installDependencies(folder: string): Promise<void> {
  const file = join(folder, 'package.json');
  const text = await readFile(file, 'utf8');
  const manifest = JSON.parse(text.replace(/^\uFEFF/, '')) as Record<string, unknown>;
  if (!hasAny(manifest['dependencies']) && !hasAny(manifest['optionalDependencies'])) return;
  // npm would ask its registry for what only developers need as well.
  const own = Object.fromEntries(
    needed.flatMap((key) => (key in manifest ? [[key, manifest[key]]] : [])),
  );
  own['peerDependencies'] = withoutHost(manifest['peerDependencies']);
  await writeFile(file, JSON.stringify(own));
  try {
    await npm(['install', '--omit=dev', '--no-package-lock', '--prefix', folder], folder);
  } catch (error) {
    throw UserError.at(`npm cannot install what "${String(manifest['name'])}" needs`, error);
  } finally {
    await writeFile(file, text);
  }
  // What npm says to itself of what it has done.
  await rm(join(folder, 'node_modules', '.package-lock.json'), { force: true });
}

function hasAny(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** Peers but the package that runs, which every extension is given. */
function withoutHost(peers: unknown): object {
  const { picosocks5: _host, ...others } = (peers ?? {}) as Record<string, unknown>;
  return others;
}

/**
 * Runs npm, as its user has set it up, but with nothing that a program that npm has started this one
 * by has told it.
 *
 * @param folder its working directory.
 * @returns what it has written.
 * @throws {UserError} saying why it failed.
 */
async function npm(args: readonly string[], folder: string): Promise<string> {
  const { program, before } = npmProgram();
  const own = Object.entries(process.env).filter(([name]) => !isOfOuterNpm(name));
  const [command = '', ...rest] = args;
  const child = spawn(program, [...before, command, ...SAFE, ...rest], {
    cwd: folder,
    env: Object.fromEntries(own),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIME,
    windowsHide: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < MAX_OUTPUT) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < MAX_OUTPUT) stderr += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') throw new UserError('there is no npm on the PATH');
    throw new UserError(`npm cannot be started: ${messageOf(error)}`);
  });
  if (status === 0) return stdout;
  throw new UserError(troubleOf(stdout, stderr) ?? `it ended with status ${status}`);
}

/** Whether a variable is of an npm that runs this program; what a person sets is kept. */
function isOfOuterNpm(name: string): boolean {
  if (process.env['npm_lifecycle_event'] === undefined) return false;
  return /^npm_/.test(name) && !/^npm_config_(registry|cache|userconfig|globalconfig)$/.test(name);
}

function npmProgram(): { readonly program: string; readonly before: readonly string[] } {
  if (process.platform !== 'win32') return { program: 'npm', before: [] };
  // npm.cmd can only be started by a shell, which would read the arguments once more.
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const script = join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js');
    if (folder === '' || !existsSync(script)) continue;
    const node = join(folder, 'node.exe');
    return { program: existsSync(node) ? node : 'node.exe', before: [script] };
  }
  const script = join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  return { program: process.execPath, before: [script] };
}

/** What npm says that went wrong, in one line. */
function troubleOf(stdout: string, stderr: string): string | undefined {
  const { error } = (parse(stdout) ?? {}) as { error?: { summary?: unknown } };
  const summary = typeof error?.summary === 'string' ? error.summary : '';
  const lines = stderr
    .split('\n')
    .flatMap((line) => /^npm (?:error|ERR!) (.*)/.exec(line)?.[1] ?? []);
  const text = [summary.split('\n')[0] ?? '', ...lines.filter((line) => !/^code /.test(line))];
  return text.map((line) => line.trim()).find((line) => line !== '');
}

/** The JSON in a text, which other lines may stand before. */
function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text.slice(Math.max(text.search(/^[[{]/m), 0)));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
