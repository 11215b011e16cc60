import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Target } from './generator.js';
import { about, goalTable, table } from './markdown.js';
import { Loaded, type Measure, measures } from './measures.js';
import { NpmFolder } from './npm.js';
import type { Results, Sample } from './results.js';
import { Running } from './running.js';
import { type Subject, subjects, versionIn } from './subjects.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    node: { type: 'string', default: process.execPath },
    only: { type: 'string' },
    subjects: { type: 'string' },
    json: { type: 'string' },
  },
});

const BASE_PORT = 21_080;
/** How long a server is used before it is measured, s: a compiler has to know the program. */
const WARM_UP = 3;

/** More connections in TIME_WAIT make those that follow slow: a part of all local ports. */
const MAX_TIME_WAITS = 4096;

const out = (text: string) => process.stdout.write(`${text}\n`);

/** What of a list an option names by the ids; all if it is not given. */
function chosen<T extends { readonly id: string }>(list: readonly T[], ids?: string): readonly T[] {
  if (ids === undefined) return list;
  return ids.split(',').map((id) => {
    const one = list.find((item) => item.id === id);
    if (one !== undefined) return one;
    const known = list.map((item) => item.id).join(', ');
    out(`"${id}" is none of: ${known}`);
    return process.exit(1);
  });
}

const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const npm = new NpmFolder();
const servers = chosen(subjects(values.node, npm), values.subjects);
const wanted = chosen(measures, values.only);
const target = await Target.start();
const complaints = new Set<string>();
const samples: Record<string, Record<string, Sample[]>> = {};

/** Takes a sample, and adds it to the others. */
async function take(id: string, measure: Measure, loaded: Loaded, round: number): Promise<void> {
  const before = loaded.running?.tree.cpu() ?? 0;
  const outcome = await measure.take(loaded);
  if (outcome === undefined) return;
  const used = (loaded.running?.tree.cpu() ?? 0) - before;
  const cpu = measure.cpu && loaded.running && (used / outcome.work) * measure.cpu.scale;
  for (const [i, { id: figure }] of measure.figures.entries()) {
    samples[id] ??= {};
    samples[id][figure] ??= [];
    samples[id][figure][round] = {
      value: outcome.values[i] ?? Number.NaN,
      cpu: i === 0 ? cpu : undefined,
    };
  }
}

/** Measures that share a running server. */
function groups(): (readonly Measure[])[] {
  const together = wanted.filter(({ alone }) => alone !== true);
  const modes = [...new Set(together.map(({ mode }) => mode))];
  return [
    ...modes.map((mode) => together.filter((one) => one.mode === mode)),
    ...wanted.filter(({ alone }) => alone).map((one) => [one]),
  ];
}

async function measure(
  subject: Subject | undefined,
  port: number,
  group: readonly Measure[],
  round: number,
): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const running = subject && (await Running.start(subject, port, first.mode));
  try {
    const warm = new Loaded(running, target.port, WARM_UP);
    await (first.alone ? warm.load('rate', 32) : first.take(warm));
    const loaded = new Loaded(running, target.port, seconds);
    for (const one of group) await take(subject?.id ?? 'direct', one, loaded, round);
  } finally {
    await running?.stop();
  }
}

const TIME_WAITS = '/proc/sys/net/ipv4/tcp_max_tw_buckets';
if (Number(readFileSync(TIME_WAITS, 'utf8')) > MAX_TIME_WAITS) {
  const name = 'net.ipv4.tcp_max_tw_buckets';
  process.stderr.write(
    `hint: closed connections will hold up those that follow; sysctl -w ${name}=${MAX_TIME_WAITS}\n`,
  );
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

for (let round = 0; round < rounds; round++) {
  for (const [i, subject] of [undefined, ...servers].entries()) {
    const title = subject?.title ?? 'direct';
    process.stderr.write(`round ${round + 1} of ${rounds}: ${title}\n`);
    for (const group of groups()) {
      if (subject !== undefined && !subject.modes.includes(group[0]?.mode ?? 'plain')) continue;
      if (subject === undefined && !['plain', 'udp'].includes(group[0]?.mode ?? '')) continue;
      try {
        await measure(subject, BASE_PORT + i, group, round);
      } catch (error) {
        complaints.add(`${title}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
}
target.stop();

const versions = servers.flatMap((subject): [string, string][] => {
  const version = samples[subject.id] && subject.version();
  return version === undefined ? [] : [[subject.title, version]];
});
const results: Results = {
  about: {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores of ${cpus()[0]?.model}`,
    Node: versionIn(values.node, '--version') ?? values.node,
    ...Object.fromEntries(versions),
  },
  subjects: [{ id: 'direct', title: 'direct' }, ...servers]
    .filter(({ id }) => samples[id] !== undefined)
    .map(({ id, title }) => ({ id, title })),
  lines: wanted.flatMap(({ figures, cpu }) =>
    figures.map((figure, i) => ({ ...figure, cpuUnit: i === 0 ? cpu?.unit : undefined })),
  ),
  samples,
};
npm.remove();
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
}
out(`${about(results)}; medians of ${rounds} rounds\n\n${table(results)}\n${goalTable(results)}`);
for (const complaint of complaints) out(`not measured: ${complaint}`);
