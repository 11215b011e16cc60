import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const resolveDir = fileURLToPath(new URL('../../../renderer', import.meta.url));

/**
 * Loads modules of the window together, with all that they import: such as need no page.
 *
 * @param files such as `reasons.ts`.
 * @returns what they export.
 */
export async function rendererModule<T>(...files: string[]): Promise<T> {
  const contents = files.map((file) => `export * from './${file}';`).join('\n');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'node20',
    logLevel: 'silent',
  });
  const text = outputFiles[0]?.text ?? '';
  return import(`data:text/javascript,${encodeURIComponent(text)}`) as Promise<T>;
}
