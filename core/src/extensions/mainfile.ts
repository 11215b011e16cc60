import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

const ENDINGS = ['.js', '.cjs', '.mjs'];

/**
 * The file that `main` of a package.json means: as Node has it, the ending may be left out, and a
 * folder means the index.js in it.
 *
 * @returns what was given if there is no such file, for who reads it to say so.
 */
export async function mainFile(main: string): Promise<string> {
  if (ENDINGS.includes(extname(main))) return main;
  const named = ENDINGS.map((ending) => main + ending);
  const inside = ENDINGS.map((ending) => join(main, `index${ending}`));
  for (const file of [main, ...named, ...inside]) {
    const isFile = await stat(file).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isFile) return file;
  }
  return main;
}
