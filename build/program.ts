import { readdir, rm, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { replace } from './extensions.js';

const CORE = fileURLToPath(new URL('../../core/', import.meta.url));

/**
 * Where the modules of core are a second time, for the program: in few files, which are found and
 * read in half of the time. The folder is shaped as `dist` is, since modules know where others are,
 * and the package's own files: `index.js` on top, all else one level below.
 */
const PROGRAM = join(CORE, 'program');

/** What is loaded by its name; the first is what the program begins with. */
const ENTRIES: Readonly<Record<string, string>> = {
  'common/main': 'cli/main.js',
  index: 'index.js',
  'common/helpermain': 'extensions/helpermain.js',
  'common/resolving': 'extensions/resolving.js',
  'common/worker': 'auth/crypt/worker.js',
};

/**
 * Makes `core/program` of `core/dist`. Files are replaced as a whole, and `common/main.js` comes to
 * be newer than all that it is made of: `bin/picosocks5.cjs` goes by that.
 */
export async function buildProgram(): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: CORE,
    entryPoints: Object.fromEntries(
      Object.entries(ENTRIES).map(([name, file]) => [name, join('dist', file)]),
    ),
    outdir: PROGRAM,
    chunkNames: 'common/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    write: false,
  });
  const made = new Map(
    outputFiles.map(({ path, contents }) => [relative(PROGRAM, path), Buffer.from(contents)]),
  );
  await Promise.all([...made].map(([name, octets]) => replace(join(PROGRAM, name), octets)));
  for (const name of await readdir(PROGRAM, { recursive: true })) {
    if (name.endsWith('.js') && !made.has(name)) await rm(join(PROGRAM, name));
  }
  const now = new Date();
  await utimes(join(PROGRAM, 'common', 'main.js'), now, now);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildProgram();
