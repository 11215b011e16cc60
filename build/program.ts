import { readdir, rm, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { replace } from './extensions.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Modules in few files, which are found and read in half of the time. */
interface Program {
  /** The modules are in its `dist`, and a second time in its `program`. */
  readonly folder: string;
  /**
   * What is loaded by its name; the first is what the program begins with. The folder is shaped as
   * `dist` is, since modules know where others are, and the package's own files: what others import
   * on top, all else one level below.
   */
  readonly entries: Readonly<Record<string, string>>;
  readonly plugins?: Plugin[];
}

const CORE: Program = {
  folder: join(root, 'core'),
  entries: {
    'common/main': 'cli/main.js',
    index: 'index.js',
    store: 'store.js',
    'common/helpermain': 'extensions/helpermain.js',
    'common/resolving': 'extensions/resolving.js',
    'common/worker': 'auth/crypt/worker.js',
  },
};

/** Has the app load core's modules in few files as well, from where npm puts or links the package. */
const withProgramOfCore: Plugin = {
  name: 'core',
  setup({ onResolve }) {
    onResolve({ filter: /^picosocks5(\/store)?$/ }, ({ path }) => {
      const [, name = 'index'] = path.split('/');
      return { path: `../../../node_modules/picosocks5/program/${name}.js`, external: true };
    });
  },
};

const APP: Program = {
  folder: join(root, 'main'),
  entries: {
    'common/app': 'app.js',
    'common/worker': 'programs/worker.js',
    'common/keytarprocess': 'users/keytarprocess.js',
    'common/sealworker': 'settings/transfer/sealworker.js',
  },
  plugins: [withProgramOfCore],
};

/**
 * Makes `program` of `dist`. Files are replaced as a whole, and the first entry comes to be newer
 * than all that it is made of: what starts a program goes by that.
 */
async function make({ folder, entries, plugins = [] }: Program): Promise<void> {
  const outdir = join(folder, 'program');
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: Object.fromEntries(
      Object.entries(entries).map(([name, file]) => [name, join('dist', file)]),
    ),
    outdir,
    chunkNames: 'common/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    plugins,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    write: false,
  });
  const made = new Map(
    outputFiles.map(({ path, contents }) => [relative(outdir, path), Buffer.from(contents)]),
  );
  await Promise.all([...made].map(([name, octets]) => replace(join(outdir, name), octets)));
  for (const name of await readdir(outdir, { recursive: true })) {
    if (name.endsWith('.js') && !made.has(name)) await rm(join(outdir, name));
  }
  const now = new Date();
  await utimes(join(outdir, `${Object.keys(entries)[0]}.js`), now, now);
}

// The app's is of core's, and comes to be newer.
await make(CORE);
await make(APP);
