// A new process takes the place of the old one, twice, while clients come at a steady rate: what
// becomes of them. `npm run bench:upgrade`, and behind -- how many in a second, if not 1,000.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startArrivals } from '../support/arrivals.js';
import { PICOSOCKS5 } from '../support/command.js';

/** How long clients come before, between and after the exchanges, s. */
const PAUSE = 2;
const EXCHANGES = 2;
const rate = Number(process.argv[2] ?? 1000);
const folder = mkdtempSync(join(tmpdir(), 'picosocks5-upgrade-'));
const [path, control] = [join(folder, 'socks'), `unix:${join(folder, 'control')}`];
const port = 21_480;
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function picosocks5(...args: string[]): ChildProcess {
  return spawn(process.execPath, [PICOSOCKS5, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Has the server be replaced. @returns the new process, and how long that took, ms. */
async function exchange(): Promise<{ pid: number; time: number }> {
  const begin = performance.now();
  const asking = picosocks5('reload', '--control', control, '--binary');
  let said = '';
  for await (const text of asking.stdout ?? []) said += String(text);
  const pid = Number(/process (\d+)/.exec(said)?.[1]);
  if (!(pid > 0)) throw new Error('the server was not replaced');
  return { pid, time: performance.now() - begin };
}

process.stdout.write(
  `${rate} clients a second, ${EXCHANGES} exchanges, Node ${process.version}, ` +
    `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'unknown'}\n\n` +
    '| | served | refused, reset or unanswered | an exchange takes | the slowest client |\n' +
    '| --- | ---: | ---: | ---: | ---: |\n',
);
const kinds: readonly [
  what: string,
  workers: number,
  place: { port: number } | { path: string },
][] = [
  ['TCP, one process', 1, { port }],
  ['TCP, 2 workers', 2, { port }],
  ['UNIX socket, one process', 1, { path }],
  ['UNIX socket, 2 workers', 2, { path }],
];
for (const [what, workers, place] of kinds) {
  const undo: (() => unknown)[] = [];
  const where = [`127.0.0.1:${port}`, `unix:${path}`];
  const options = ['--workers', String(workers), '--grace', '30', '--control', control];
  const first = picosocks5(...options, ...where);
  let pid = first.pid as number;
  while (!existsSync(path) || !existsSync(join(folder, 'control'))) {
    if (first.exitCode !== null) throw new Error(`the server does not start, port ${port}`);
    await sleep(20);
  }
  await sleep(1000);
  const end = await startArrivals({ after: (action) => undo.push(action) }, { ...place, rate });
  const times: number[] = [];
  await sleep(PAUSE * 1000);
  for (let i = 0; i < EXCHANGES; i++) {
    const done = await exchange();
    pid = done.pid;
    times.push(done.time);
    await sleep(PAUSE * 1000);
  }
  const { served, lost, longest } = await end();
  process.kill(pid, 'SIGTERM');
  while (existsSync(`/proc/${pid}`) && existsSync(path)) await sleep(50);
  const why = Object.entries(lost).map(([name, many]) => `${many} ${name}`);
  if (why.length > 0) process.exitCode = 1;
  process.stdout.write(
    `| ${what} | ${served.toLocaleString('en-US')} | ${why.length === 0 ? '0' : why.join(', ')} | ` +
      `${times.map((time) => `${(time / 1000).toFixed(1)} s`).join(', ')} | ` +
      `${Math.round(longest)} ms |\n`,
  );
  for (const action of undo) await action();
}
process.exit();
