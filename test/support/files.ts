import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './scope.js';

/** A directory that is removed with all that is in it when the test ends. */
export function temporaryDirectory(t: Scope): string {
  const directory = mkdtempSync(join(tmpdir(), 'picosocks5-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a file that is removed when the test ends. @returns its path. */
export function temporaryFile(t: Scope, content: string | Uint8Array, name = 'file'): string {
  const file = join(temporaryDirectory(t), name);
  writeFileSync(file, content);
  return file;
}
