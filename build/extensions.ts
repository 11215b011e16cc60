import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where the extensions are that are part of the product. */
export const EXTENSIONS = join(root, 'core', 'extensions');

/** Where in an extension's dist stands what several of its modules have in common. */
const COMMON = 'common';

/** What stands in the dist of an extension beside its modules, if something is bundled with them. */
const LICENSES = 'LICENSES.txt';

/** What CommonJS modules find around them: they ask for Node's own by require(). */
const COMMONJS = `import { createRequire as requireFrom } from 'node:module';
const require = requireFrom(import.meta.url), { dirname: __dirname, filename: __filename } = import.meta;`;

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
  readonly repository?: string | { readonly url?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Leaves an extension's own modules where they are: only what they need of npm is bundled. */
const ownStay: Plugin = {
  name: 'own-stay',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, importer, kind }) => {
      const isOwn = kind !== 'entry-point' && !importer.includes(`${sep}node_modules${sep}`);
      return isOwn ? { path, external: true } : undefined;
    });
  },
};

/**
 * Makes `dist` of what an extension has in `src`: a module of each, with all of npm in it that it
 * imports, so that nothing has to be installed for it. What is native cannot be bundled and stays
 * an import: the optional dependencies of `picosocks5`, of the extension and of what it depends on.
 * Files are replaced as a whole, and only where they differ: others may be reading them.
 *
 * @param folder of the extension.
 */
export async function buildExtension(folder: string): Promise<void> {
  const sources = (await files(join(folder, 'src'))).filter((file) => file.endsWith('.ts'));
  const dist = join(folder, 'dist');
  const own = await packageIn(folder);
  const needed = Object.keys({ ...own.dependencies, ...own.devDependencies });
  const natives = await nativeOnes(folder, own, needed);
  const { outputFiles, metafile } = await build({
    absWorkingDir: folder,
    entryPoints: sources.map((file) => join('src', file)),
    outbase: 'src',
    outdir: 'dist',
    chunkNames: `${COMMON}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    legalComments: 'none',
    logLevel: 'warning',
    external: ['picosocks5', 'picosocks5/*', ...natives],
    banner: { js: needed.length > 0 ? COMMONJS : '' },
    plugins: [ownStay],
    metafile: true,
    write: false,
  });
  const made = new Map(
    outputFiles.map(({ path, contents }) => [relative(dist, path), Buffer.from(contents)]),
  );
  const licenses = await licensesOf(folder, metafile);
  if (licenses !== '') made.set(LICENSES, Buffer.from(licenses));
  await Promise.all([...made].map(([name, octets]) => replace(join(dist, name), octets)));
  for (const name of await files(dist)) {
    // What a source that is gone has left, or a dependency's former version.
    if (!made.has(name) && /\.js(\.map)?$|LICENSES\.txt$/.test(name)) await rm(join(dist, name));
  }
}

/** Makes the `dist` of all extensions that are part of the product. */
export async function buildExtensions(): Promise<void> {
  const entries = await readdir(EXTENSIONS, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  await Promise.all(folders.map(({ name }) => buildExtension(join(EXTENSIONS, name))));
}

/** All files in a folder, by their paths from there. */
async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found = entries.filter((entry) => entry.isFile());
  return found.map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
}

/** Puts a file in the place of one, in one step, unless that one is the same. */
export async function replace(file: string, octets: Buffer): Promise<void> {
  const before = await readFile(file).catch(() => undefined);
  if (before?.equals(octets)) return;
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${randomUUID()}`;
  await writeFile(unfinished, octets);
  await rename(unfinished, file);
}

async function packageIn(folder: string): Promise<Package> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
}

/** The package that an import from a folder means; undefined if it is not installed. */
async function installed(folder: string, name: string): Promise<Package | undefined> {
  try {
    return await packageIn(join(folder, 'node_modules', name));
  } catch {
    const above = dirname(folder);
    return above === folder ? undefined : installed(above, name);
  }
}

/** What is not bundled, since it is native: it is there, or what needs it says so. */
async function nativeOnes(
  folder: string,
  own: Package,
  needed: readonly string[],
): Promise<string[]> {
  const server = await packageIn(join(root, 'core'));
  const all = await Promise.all(needed.map((name) => installed(folder, name)));
  return [own, server, ...all].flatMap((one) => Object.keys(one?.optionalDependencies ?? {}));
}

/** The licences of all that was bundled; empty if nothing was. */
async function licensesOf(folder: string, { inputs }: Metafile): Promise<string> {
  const folders = new Set<string>();
  for (const input of Object.keys(inputs)) {
    const [inside] = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(input.replaceAll('\\', '/')) ?? [];
    if (inside !== undefined) folders.add(join(folder, inside));
  }
  const texts = await Promise.all([...folders].sort().map(licenseOf));
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

async function licenseOf(folder: string): Promise<string> {
  const { name, version, license, author, repository } = await packageIn(folder);
  const names = await readdir(folder);
  const file = names.find((one) => /^(licen[cs]e|copying|unlicense)\b/i.test(basename(one)));
  const url = typeof repository === 'string' ? repository : repository?.url;
  const by = (typeof author === 'string' ? author : author?.name) ?? `the authors of ${url}`;
  const words = file === undefined ? `By ${by}\n` : await readFile(join(folder, file), 'utf8');
  if (license === undefined && file === undefined) throw new Error(`${name} has no licence`);
  return `${name} ${version}${license === undefined ? '' : ` (${license})`}\n\n${words.trim()}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildExtensions();
