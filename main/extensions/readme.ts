import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** No README is shown further than this, bytes. */
const MAX_SIZE = 256 * 1024;

/** The text of the README in a folder; an empty one if there is none, or if it cannot be read. */
export async function readReadme(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const name = names.find((candidate) => /^readme(\.(md|markdown|txt))?$/i.test(candidate));
  if (name === undefined) return '';
  const handle = await open(join(folder, name)).catch(() => undefined);
  if (handle === undefined) return '';
  try {
    if (!(await handle.stat()).isFile()) return '';
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_SIZE), 0, MAX_SIZE, 0);
    return buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '');
  } catch {
    return '';
  } finally {
    await handle.close();
  }
}
