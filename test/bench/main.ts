import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { listening } from '../support/sockets.js';
import type { Job } from './load.js';
import { Running, subjects } from './subjects.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    node: { type: 'string', default: process.execPath },
    json: { type: 'string' },
  },
});

/** What is measured, in which unit, and whether more is better. */
const measures = [
  { name: 'connections/s', unit: '', measure: 'rate', flows: 32 },
  { name: 'down, 1 flow', unit: 'MB/s', measure: 'down', flows: 1 },
  { name: 'down, 8 flows', unit: 'MB/s', measure: 'down', flows: 8 },
  { name: 'up, 1 flow', unit: 'MB/s', measure: 'up', flows: 1 },
  { name: 'up, 8 flows', unit: 'MB/s', measure: 'up', flows: 8 },
  { name: 'round trip', unit: 'µs p50', measure: 'latency', flows: 1 },
] as const;

/** Results of all rounds: value, CPU seconds per unit of work. */
type Sample = readonly [value: number, cpu: number];

const BASE_PORT = 21_080;
/** How long servers are used before they are measured, s. */
const WARM_UP = 3;

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

async function load(job: Job): Promise<number> {
  const program = fileURLToPath(new URL('./load.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(job)]);
  const result: number | number[] = JSON.parse(stdout);
  return Array.isArray(result) ? (result[0] ?? Number.NaN) : result;
}

const target = fork(fileURLToPath(new URL('./target.js', import.meta.url)));
const [{ port: targetPort }] = (await once(target, 'message')) as [AddressInfo];
const samples = new Map<string, Map<string, Sample[]>>();
const all = subjects(values.node);

for (let round = 0; round < Number(values.rounds); round++) {
  for (const [i, subject] of [undefined, ...all].entries()) {
    const port = BASE_PORT + i;
    const running = subject && Running.start(subject, port);
    if (subject !== undefined && running === undefined) continue;
    try {
      if (running !== undefined) await listening(port);
      // The first seconds are those of a compiler that does not know the program yet.
      const warmUp = { measure: 'rate', flows: 32, seconds: WARM_UP } as const;
      await load({ ...warmUp, proxy: running === undefined ? 0 : port, target: targetPort });
      for (const { name, measure, flows } of measures) {
        const seconds = Number(values.seconds);
        const proxy = running === undefined ? 0 : port;
        const before = running?.cpu() ?? 0;
        const value = await load({ measure, flows, seconds, proxy, target: targetPort });
        const cpu = (running?.cpu() ?? 0) - before;
        // Per GB of data, or per 1,000 connections or round trips; the start counts a little.
        const work =
          measure === 'latency' ? (seconds * 1e6) / value / 1000 : (value * seconds) / 1000;
        const row = samples.get(subject?.name ?? 'direct') ?? new Map<string, Sample[]>();
        samples.set(subject?.name ?? 'direct', row);
        row.set(name, [...(row.get(name) ?? []), [value, cpu / work]]);
      }
    } finally {
      running?.stop();
    }
  }
}
target.kill();

const results = Object.fromEntries(
  [...samples].map(([subject, row]) => [
    subject,
    Object.fromEntries(
      [...row].map(([name, list]) => [
        name,
        { value: median(list.map(([v]) => v)), cpu: median(list.map(([, cpu]) => cpu)) },
      ]),
    ),
  ]),
);
const about = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  serverNode: values.node,
  cpu: `${cpus().length} x ${cpus()[0]?.model}`,
};
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ about, results }, undefined, 1)}\n`);
}

const out = (text: string) => process.stdout.write(`${text}\n`);
out(`${about.date}, ${about.cpu}, Node ${about.node}; medians of ${values.rounds} rounds`);
out('in parentheses CPU seconds per GB, or per 1,000 connections or round trips\n');
const names = Object.keys(results);
out(`| measure | ${names.join(' | ')} |`);
out(`|---|${names.map(() => '---:|').join('')}`);
for (const { name, unit } of measures) {
  const cells = names.map((subject) => {
    const cell = results[subject]?.[name];
    const cpu = subject === 'direct' ? '' : ` (${cell?.cpu.toFixed(2)})`;
    return cell === undefined ? '-' : `${cell.value.toFixed(0)}${cpu}`;
  });
  out(`| ${name}${unit && `, ${unit}`} | ${cells.join(' | ')} |`);
}
