import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Files at most that are looked at, the last changed first. */
const MAX_FILES = 10;
/** ms. */
const TIME = 3000;

/**
 * Where in a folder a module is none: Node's error does not say it, but its command does. None of
 * the code runs.
 *
 * @returns such as `dist/extension.js:12`; undefined if that is not found.
 */
export async function syntaxPlace(folder: string): Promise<string | undefined> {
  // There, the program cannot be run as Node.
  if (process.versions['electron'] !== undefined) return undefined;
  for (const file of (await modulesIn(folder)).slice(0, MAX_FILES)) {
    const line = await brokenLine(join(folder, file));
    if (line !== undefined) return `${file}:${line}`;
  }
  return undefined;
}

async function modulesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const modules = names.filter(
    (name) => /\.[cm]?js$/.test(name) && !/(^|[/\\])(node_modules|\.)/.test(name),
  );
  const times = new Map<string, number>();
  for (const name of modules) {
    const stats = await stat(join(folder, name)).catch(() => undefined);
    if (stats?.isFile()) times.set(name, stats.mtimeMs);
  }
  return [...times.keys()].sort((a, b) => (times.get(b) ?? 0) - (times.get(a) ?? 0));
}

/** The line that a file cannot be read from on, by Node's own report: `FILE:LINE`, and the line. */
function brokenLine(file: string): Promise<number | undefined> {
  // What is preloaded there has nothing to do with it.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const options = { timeout: TIME, env, encoding: 'utf8' } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', file], options, (_error, _stdout, stderr) => {
      const [first = ''] = stderr.split('\n');
      const [, line] = /:(\d+)$/.exec(first.trim()) ?? [];
      const isMeant = first.includes(file) || first.includes(encodeURI(file));
      resolve(isMeant && line !== undefined ? Number(line) : undefined);
    });
  });
}
