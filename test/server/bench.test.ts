import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { median, type Results } from '../bench/results.js';
import { unlessHere } from '../support/addresses.js';
import { temporaryDirectory } from '../support/files.js';
import { run } from '../support/programs.js';

const main = fileURLToPath(new URL('../bench/main.js', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
/** The first of two ports: not those that it has by itself, for it may be running, nor of other tests. */
const PORT = `${18_000 + 2 * Math.floor(Math.random() * 900)}`;
const skip = process.platform === 'linux' ? undefined : 'Linux only';

test('the benchmark compares this version with a baseline, round by round', {
  // Idle connections come from several addresses: one has not ports enough.
  skip: skip ?? (await unlessHere('127.0.0.2')),
}, async (t) => {
  const json = join(temporaryDirectory(t), 'results.json');
  const short = ['--rounds', '2', '--seconds', '0.3', '--warm-up', '0.1', '--port', PORT];
  const what = ['--subjects', 'picosocks5,baseline', '--only', 'rate50,latency,idle3000'];
  const args = ['--quick', ...short, ...what, '--baseline', root, '--json', json];
  const { status, stdout } = await run(t, process.execPath, [main, ...args]);
  assert.equal(status, 0, stdout);
  assert.doesNotMatch(stdout, /not measured/);
  assert.match(
    stdout,
    /\| CPU time of a connection, 50 at a time, to the baseline \| at most 0\.70/,
  );
  const { subjects, samples }: Results = JSON.parse(readFileSync(json, 'utf8'));
  assert.deepEqual(
    subjects.map(({ id }) => id),
    ['picosocks5', 'baseline'],
  );
  for (const figures of Object.values(samples)) {
    for (const figure of ['rate50', 'rate50-cpu', 'latency-p50']) {
      assert.ok(median((figures[figure] ?? []).map((one) => one?.value ?? 0)) > 0, figure);
    }
    // Memory is measured once.
    assert.deepEqual(
      figures['woken3000']?.map((one) => one?.value),
      [100, undefined],
    );
  }
});

test('the benchmark says what is wrong with its command line', { skip }, async (t) => {
  for (const [args, message] of [
    [['--rounds', 'x'], '--rounds: expected a whole number from 1 to 1000, not "x"\n'],
    [['--subjects', 'apache'], /^"apache" is none of: direct, picosocks5, .*microsocks/],
    [['--only', 'rate,x'], /^"x" is none of: rate, rate50, /],
    [['--fast'], /^Unknown option '--fast'/],
  ] as const) {
    const { status, stdout, stderr } = await run(t, process.execPath, [main, ...args]);
    assert.deepEqual([status, stdout], [1, ''], stderr);
    if (typeof message === 'string') assert.equal(stderr, message);
    else assert.match(stderr, message);
  }
});
