import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { buildExtensions } from '#build/extensions.js';
import { isCI } from './support/programs.js';
import { wine } from './support/wine.js';

/** How long one test may take, and all those of a file, ms: far more than a slow machine needs. */
const TIMEOUT = 300_000;

const here = import.meta.dirname;

function sourceOf(file: string): string {
  return join(here, '..', file.replace(/js$/, 'ts'));
}

/** Words of the names of files that are wanted; with a hyphen before them, of those that are not. */
const words = process.argv.slice(2);
const chosen = words.filter((word) => !word.startsWith('-'));
const leftOut = words.filter((word) => word.startsWith('-')).map((word) => word.slice(1));
const names = readdirSync(here, { recursive: true, encoding: 'utf8' })
  // Not what is left of a test whose source has moved.
  .filter((file) => file.endsWith('.test.js') && existsSync(sourceOf(file)))
  .filter((file) => {
    const has = (word: string) => file.replaceAll('\\', '/').includes(word);
    return (chosen.length === 0 || chosen.some(has)) && !leftOut.some(has);
  })
  .sort();

async function runAll(files: readonly string[]): Promise<void> {
  const concurrency = Math.max(2, availableParallelism());
  const report = run({
    files: files.map((file) => join(here, file)),
    concurrency,
    timeout: TIMEOUT,
  })
    .on('test:fail', () => {
      process.exitCode = 1;
    })
    .compose(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);
}

// The compiler alone makes none of them.
if (wine('tools') === undefined) await buildExtensions();
if (names.length === 0) {
  process.stderr.write(`no test file's name has any of: ${words.join(' ')}\n`);
  process.exitCode = 1;
} else await runAll(names);

const ofServer = names.filter(
  (file) => /^(server|interop)[/\\]|transport|relay/.test(file) && !/readme|bench/.test(file),
);
if (isCI && ofServer.length > 0) {
  // Once more with the transport that is there for a Node whose internals are not as known.
  process.stdout.write('\nThe server again, on sockets in place of handles:\n');
  process.env['PICOSOCKS5_TRANSPORT'] = 'socket';
  await runAll(ofServer);
}
