// Very many connections that stay open: what each costs, how fast they come, and how soon one of them
// answers. `npm run bench:open -- 50000`; it writes a table in Markdown. Linux only.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { version } from '#core/base/version.js';
import { PICOSOCKS5 } from '../support/command.js';
import { allowOpenFiles, filesFor } from './descriptors.js';
import type { Answer, Ask, ClientsJob } from './open/job.js';
import { ProcessTree } from './processes.js';

/** How long connections rest before they are looked at, s. */
const REST = 10;
/** Pings, and how many at a time. */
const PINGS = 20_000;
const PING_LANES = 8;
/** A worker takes more than its part of the connections, as they come. */
const UNEVEN = 1.5;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { workers: { type: 'string' } },
});
const count = Number(positionals[0] ?? 50_000);
if (!(Number.isInteger(count) && count > 0)) {
  process.stderr.write(`expected a number of connections, not "${positionals[0]}"\n`);
  process.exit(1);
}
const files = allowOpenFiles(filesFor(count));
const needed = files >= filesFor(count) ? 1 : Math.ceil((filesFor(count) * UNEVEN) / files);
const workers = Number(values.workers ?? needed);
/** Processes of clients, and of destinations: each has a file for a connection. */
const parts = Math.ceil((count + 500) / files);
const children: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
const folder = mkdtempSync(join(tmpdir(), 'picosocks5-open-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function start(file: string, ...args: string[]): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args);
  children.push(child);
  return child;
}

async function told<T>(child: ChildProcess): Promise<T> {
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('a process of the benchmark has ended');
    }),
  ]);
  return message as T;
}

/** Starts the server. @returns it, and its port. */
async function serve(): Promise<{ child: ChildProcess; port: number }> {
  const args = ['--workers', String(workers), '--maxconn', String(count + 1000), '127.0.0.1:0'];
  const child = fork(PICOSOCKS5, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  children.push(child);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/warn|err/.test(text)) process.stderr.write(text);
  });
  for (;;) {
    const port = /listening address=127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    if (port !== undefined) return { child, port: Number(port) };
    if (child.exitCode !== null) throw new Error(said);
    await sleep(20);
  }
}

/** Asks all processes of clients at once. */
async function ask(what: Ask): Promise<Answer> {
  const answers = await Promise.all(
    clients.map((client) => {
      const answer = told<Answer>(client);
      client.send(what);
      return answer;
    }),
  );
  const lost: Record<string, number> = {};
  for (const [why, many] of answers.flatMap((one) => Object.entries(one.lost))) {
    lost[why] = (lost[why] ?? 0) + many;
  }
  return {
    done: answers.reduce((sum, { done }) => sum + done, 0),
    times: answers.flatMap(({ times }) => [...times]).sort((a, b) => a - b),
    lost,
  };
}

const quantile = (times: readonly number[], part: number) =>
  ((times[Math.floor(times.length * part)] ?? 0) / 1000).toFixed(2);
const whole = (number: number) => Math.round(number).toLocaleString('en-US');

/** What the kernel has in its own structures, KB (proc(5)): of all processes there are. */
function kernelMemory(): number {
  return Number(/^Slab:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
}

/** Octets in buffers of TCP sockets, in pages (net/sockstat of proc(5)). */
function bufferPages(): number {
  const text = readFileSync('/proc/net/sockstat', 'latin1');
  return Number(/^TCP:.* mem (\d+)/m.exec(text)?.[1] ?? 0);
}

const targets: number[] = [];
for (let i = 0; i < parts; i++) targets.push(await told<number>(start('./open/echo.js')));
const { child: server, port: proxy } = await serve();
const tree = new ProcessTree(server.pid as number);
const clients: ChildProcess[] = [];
for (let part = 0; part < parts; part++) {
  const many = Math.ceil(count / parts);
  const job: ClientsJob = { proxy, targets, count: many, part };
  const client = start('./open/clients.js', JSON.stringify(job));
  await told(client);
  clients.push(client);
}
await sleep(2000);
const before = { resident: tree.resident(), slab: kernelMemory(), cpu: tree.cpu() };
const begin = performance.now();
const opened = await ask({ type: 'open' });
const seconds = (performance.now() - begin) / 1000;
const openCpu = tree.cpu() - before.cpu;
await sleep(1000);
const [restFrom, cpuFrom] = [performance.now(), tree.cpu()];
await sleep(REST * 1000);
const idle = (tree.cpu() - cpuFrom) / ((performance.now() - restFrom) / 1000);
const resident = tree.resident() - before.resident;
const slab = kernelMemory() - before.slab;
const pages = bufferPages();
const pings = await ask({ type: 'ping', count: Math.ceil(PINGS / parts), lanes: PING_LANES });
const woken = await ask({ type: 'wake' });

const each = (kilobytes: number) => `${(kilobytes / opened.done).toFixed(1)} KB`;
const rows: [what: string, figure: string][] = [
  ['connections open at once', `${whole(opened.done)} of ${whole(count)}`],
  ['processes of the server, each of at most so many files', `${workers}, ${whole(files)}`],
  ['made in a second', `${whole(opened.done / seconds)}, in ${seconds.toFixed(1)} s`],
  ['CPU time of the server for each', `${whole((openCpu / opened.done) * 1e6)} \u00b5s`],
  ['until one is made and has answered, p50 and p99', times(opened)],
  ['memory of the server for each', each(resident)],
  ['memory of the server with all of them', `${whole((resident + before.resident) / 1024)} MiB`],
  ['memory of the kernel for each, its four ends and files', each(slab)],
  ['pages in buffers of TCP with all of them', whole(pages)],
  ['CPU time of the server in a second while all rest', `${(idle * 1000).toFixed(0)} ms`],
  [
    `64 bytes there and back on any of them, ${PING_LANES * parts} at a time, p50 and p99`,
    `${times(pings)} (p99.9 ${quantile(pings.times, 0.999)} ms)`,
  ],
  ['that answer when all are woken', `${whole(woken.done)}, p99 ${quantile(woken.times, 0.99)} ms`],
];
function times(answer: Answer): string {
  return `${quantile(answer.times, 0.5)} ms, ${quantile(answer.times, 0.99)} ms`;
}
process.stdout.write(
  `${whole(count)} open connections: PicoSOCKS5 ${version}, Node ${process.version}, ` +
    `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'unknown'}\n\n| | |\n| --- | ---: |\n`,
);
for (const [what, figure] of rows) process.stdout.write(`| ${what} | ${figure} |\n`);
for (const { lost } of [opened, pings, woken]) {
  for (const [why, many] of Object.entries(lost)) {
    process.stderr.write(`${whole(many)} did not: ${why}\n`);
    process.exitCode = 1;
  }
}
process.exit();
