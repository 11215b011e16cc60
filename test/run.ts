import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** How long one test may take, ms. */
const TIMEOUT = 60_000;

const here = import.meta.dirname;
const chosen = process.argv.slice(2);
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => chosen.length === 0 || chosen.some((word) => file.includes(word)))
  .map((file) => join(here, file))
  .sort();

if (files.length === 0) {
  process.stderr.write(`no test file's name has any of: ${chosen.join(' ')}\n`);
  process.exitCode = 1;
} else {
  run({ files, concurrency: Math.max(2, availableParallelism()), timeout: TIMEOUT })
    .on('test:fail', () => {
      process.exitCode = 1;
    })
    .compose(new spec())
    .pipe(process.stdout);
}
