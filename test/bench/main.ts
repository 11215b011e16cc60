import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { allowOpenFiles, connectionsWithin, filesFor } from './descriptors.js';
import { Target } from './generator.js';
import { about, goalTable, table } from './markdown.js';
import { MANY_IDLE, measures } from './measures.js';
import { NpmFolder } from './npm.js';
import { chosen, parseOptions } from './options.js';
import { linesOf, type Results } from './results.js';
import { Rounds } from './rounds.js';
import { DIRECT, isSubject, subjects, versionIn } from './subjects.js';

/** More connections in TIME_WAIT make those that follow slow: a part of all local ports. */
const MAX_TIME_WAITS = 4096;
/** Files that a proxy has open for a connection if it splices: two sockets and two pipes. */
const SPLICING = 6;
const TIME_WAITS = '/proc/sys/net/ipv4/tcp_max_tw_buckets';

const out = (text: string) => process.stdout.write(`${text}\n`);
const tell = (text: string) => process.stderr.write(`${text}\n`);

/** Does something, or ends with what is wrong with the command line. */
function orUsage<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return process.exit(1);
  }
}

const options = orUsage(() => parseOptions(process.argv.slice(2)));
const files = allowOpenFiles(filesFor(MANY_IDLE, SPLICING));
const mostIdle = connectionsWithin(files, MANY_IDLE);
const npm = new NpmFolder();
const [contenders, wanted] = orUsage(() => [
  chosen([DIRECT, ...subjects(options.node, npm, options.baseline)], options.subjects),
  chosen(measures(mostIdle), options.only),
]);
if (mostIdle < MANY_IDLE) {
  tell(`hint: ${files} files may be open, so ${mostIdle} connections rest instead of ${MANY_IDLE}`);
}
if (Number(readFileSync(TIME_WAITS, 'utf8')) > MAX_TIME_WAITS) {
  const name = 'net.ipv4.tcp_max_tw_buckets';
  tell(
    `hint: closed connections will hold up those that follow; sysctl -w ${name}=${MAX_TIME_WAITS}`,
  );
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const target = await Target.start();
const rounds = new Rounds(options, contenders, wanted, target.port, tell);
await rounds.run();
target.stop();

const { samples, complaints } = rounds;
const measured = contenders.filter(({ id }) => samples[id] !== undefined);
const versions = measured.filter(isSubject).flatMap((subject): [string, string][] => {
  const version = subject.version();
  return version === undefined ? [] : [[subject.title, version]];
});
const transport = process.env['PICOSOCKS5_TRANSPORT'];
const results: Results = {
  about: {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores of ${cpus()[0]?.model}`,
    Node: versionIn(options.node, '--version') ?? options.node,
    ...(transport === undefined ? {} : { PICOSOCKS5_TRANSPORT: transport }),
    ...Object.fromEntries(versions),
  },
  subjects: measured.map(({ id, title }) => ({ id, title })),
  lines: linesOf(wanted),
  samples,
};
npm.remove();
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
}
out(
  `${about(results)}; medians of ${options.rounds} rounds\n\n${table(results)}\n${goalTable(results)}`,
);
for (const complaint of complaints) out(`not measured: ${complaint}`);
