import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Goal, goals } from '../../bench/goals.js';
import { goalTable, table } from '../../bench/markdown.js';
import { measures } from '../../bench/measures.js';
import { linesOf, medianOf, type Results, type Sample } from '../../bench/results.js';

type Figures = Record<string, number | readonly [value: number, cpu: number]>;

/** Results of one round. */
function results(subjects: Record<string, Figures>): Results {
  const samples = Object.entries(subjects).map(
    ([id, figures]): [string, Results['samples']['']] => [
      id,
      Object.fromEntries(
        Object.entries(figures).map(([figure, given]): [string, Sample[]] => {
          const [value, cpu] = typeof given === 'number' ? [given] : given;
          return [figure, [{ value, cpu }]];
        }),
      ),
    ],
  );
  return {
    about: {},
    subjects: Object.keys(subjects).map((id) => ({ id, title: id })),
    lines: linesOf(measures(9500)),
    samples: Object.fromEntries(samples),
  };
}

function goalOf(title: RegExp, subjects: Record<string, Figures>): Goal {
  const found = goals(results(subjects)).filter((goal) => title.test(goal.title));
  assert.equal(found.length, 1, `${found.length} goals have titles like ${title}`);
  return found[0] ?? assert.fail();
}

const flow: readonly [number, number] = [2000, 0.49];
const flows = { down1: flow, down8: flow, up1: flow, up8: flow };

/** Goals, and figures with which they are just reached, and just not. */
const GOALS: readonly (readonly [
  title: RegExp,
  bound: number,
  well: Record<string, Figures>,
  badly: Figures,
])[] = [
  [/CPU.*to the baseline$/, 0.7, { baseline: { 'rate50-cpu': 100 } }, { 'rate50-cpu': 71 }],
  [/^CPU.*to microsocks$/, 1, { microsocks: { 'rate50-cpu': 70 } }, { 'rate50-cpu': 71 }],
  [/through an upstream/, 1.5, { 'picosocks5-via': { 'rate50-cpu': 105 } }, { 'rate50-cpu': 69 }],
  [/2 workers/, 1.15, { 'picosocks5-workers': { 'rate50-cpu': 80 } }, { 'rate50-cpu': 69 }],
  [/50 at a time, to microsocks/, 1, { microsocks: { rate50: 1000 } }, { rate50: 999 }],
  [/32 at a time, to microsocks/, 1, { microsocks: { rate: 1000 } }, { rate: 999 }],
  [/access log/, 0.93, { 'picosocks5-log': { rate50: 930 } }, { rate50: 1001 }],
  [/username\/password/, 0.85, {}, { password: 849 }],
  [
    /round trip p50, to the baseline/,
    0.9,
    { baseline: { 'latency-p50': 50 } },
    { 'latency-p50': 46 },
  ],
  [/^throughput, to the baseline/, 0.97, { baseline: flows }, { up8: [1930, 0.49] }],
  [/GB by a second/, 0.97, { baseline: flows }, { up8: [2000, 0.51] }],
  [/over TLS/, 1, { tlspipe: { tls1: 500, 'tls1-up': 400 } }, { 'tls1-up': 399 }],
  [/memory of each of 3,000/, 6, {}, { idle3000: 6.1 }],
  [/memory of each of 9,500/, 6, {}, { idle: 6.1 }],
];
const WELL: Figures = {
  ...flows,
  rate: 1000,
  rate50: 1000,
  'rate50-cpu': 70,
  password: 850,
  'latency-p50': 45,
  up8: [1950, 0.5],
  tls1: 500,
  'tls1-up': 500,
  idle3000: 5.9,
  idle: 6,
};

describe('goals of the benchmark', () => {
  for (const [title, bound, others, badly] of GOALS) {
    test(`${title.source}: ${bound}`, () => {
      const good = goalOf(title, { picosocks5: WELL, ...others });
      assert.deepEqual([good.bound, good.holds], [bound, true], `${good.value}`);
      const bad = goalOf(title, { picosocks5: { ...WELL, ...badly }, ...others });
      assert.equal(bad.holds, false, `${bad.value}`);
    });
  }

  test('what was not measured is no goal', () => {
    const titles = goals(results({ picosocks5: WELL })).map(({ title }) => title);
    assert.ok(!titles.some((title) => /microsocks|baseline|workers|log|Dante/.test(title)));
    assert.ok(titles.some((title) => /username/.test(title)));
  });

  test('a round in which one was not measured does not count', () => {
    const all = results({ picosocks5: WELL, microsocks: { rate50: 2000 } });
    const microsocks = all.samples['microsocks'] ?? assert.fail();
    const own = all.samples['picosocks5'] ?? assert.fail();
    microsocks['rate50'] = [null, { value: 500 }, { value: 2000 }];
    own['rate50'] = [{ value: 1 }, { value: 1000 }, null];
    const read: Results = JSON.parse(JSON.stringify(all));
    assert.equal(medianOf(read, 'microsocks', 'rate50')?.value, 1250);
    const goal = goals(read).find(({ title }) => /50 at a time, to microsocks/.test(title));
    assert.equal(goal?.value, 2);
    assert.match(goalTable(read), /50 at a time, to microsocks \| at least 1\.00 \| 2\.00 \| yes/);
  });

  test('the CPU time of 50 at a time is a line of its own, not in parentheses', () => {
    const lines = table(results({ picosocks5: WELL })).split('\n');
    assert.ok(lines.includes('| connections, 50 at a time, 1/s | 1,000 |'));
    assert.ok(lines.includes('| CPU time of a connection, 50 at a time, µs | 70.0 |'));
    assert.ok(lines.includes('| throughput up, 8 flows, MB/s (CPU s/GB) | 1,950 (0.50) |'));
  });
});
