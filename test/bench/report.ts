import { readFileSync, writeFileSync } from 'node:fs';
import { chart } from './chart.js';
import { about, goalTable, table } from './markdown.js';
import type { Results } from './results.js';

/** What stands before it in the document is written by hand. */
const MARK = '<!-- What follows is made by `npm run bench:report`. -->\n';

const folder = new URL('../../../core/benchmarks/', import.meta.url);
const document = new URL('README.md', folder);

/** Puts the results of runs of the benchmark, FILE.json..., into the document and its chart. */
const runs = process.argv.slice(2).map((file): Results => JSON.parse(readFileSync(file, 'utf8')));
const [first] = runs;
if (first === undefined) {
  process.stderr.write('Usage: npm run bench:report -- FILE.json...\n');
  process.exit(1);
}
writeFileSync(new URL('chart.svg', folder), chart(first));
const [text = ''] = readFileSync(document, 'utf8').split(MARK);
const sections = runs.map(
  (results) =>
    `\n## Node ${results.about['Node']}\n\n${about(results)}.\n\n${goalTable(results)}\n${table(results)}`,
);
writeFileSync(document, text + MARK + sections.join(''));
