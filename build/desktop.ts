import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The scripts that cannot be loaded as they are: what the window runs, and the preload script. */
export const BUNDLES: readonly BuildOptions[] = [
  {
    absWorkingDir: root,
    entryPoints: ['renderer/main.ts', 'renderer/main.css'],
    outdir: 'renderer/dist',
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'chrome140',
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
    sourcemap: true,
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  },
  {
    absWorkingDir: root,
    entryPoints: ['main/ipc/preload.ts'],
    outfile: 'main/dist/ipc/preload.cjs',
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    external: ['electron'],
    logLevel: 'warning',
  },
];

/** Puts the window's page beside its scripts. */
export async function copyPage(): Promise<void> {
  await mkdir(`${root}renderer/dist`, { recursive: true });
  await copyFile(`${root}renderer/index.html`, `${root}renderer/dist/index.html`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await copyPage();
  await Promise.all(BUNDLES.map((options) => build(options)));
}
