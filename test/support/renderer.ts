import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Loads a module of the window, with all that it imports: one that needs no page.
 *
 * @param file such as `reasons.ts`.
 */
export async function rendererModule<T>(file: string): Promise<T> {
  const { outputFiles } = await build({
    entryPoints: [`${root}renderer/${file}`],
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
