// Very many users: how fast a database of them is made, and a server has them. `npm run bench:users`,
// and behind -- how many, if not a million; it writes a table in Markdown.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EXTENSIONS } from '#build/extensions.js';
import { PICOSOCKS5 } from '../support/command.js';

type DatabaseModule = typeof import('../../core/extensions/userdb/dist/database.js');

/** Look-ups that are timed together. */
const LOOKUPS = 200_000;
const PROCESSORS = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} of it`;

const count = Number(process.argv[2] ?? 1_000_000);
const folder = await mkdtemp(join(tmpdir(), 'picosocks5-users-'));
const users = join(folder, 'users.txt');
const file = join(folder, 'users.db');
const rows: [what: string, figure: string][] = [];

try {
  await writeUsers();
  const importing = await timed(spawnProgram('userdb', file, 'import', users));
  const megabytes = statSync(file).size / 2 ** 20;
  rows.push(['import', `${whole(count / importing.seconds)} users/s (CPU ${importing.cpu} s)`]);
  rows.push(['size of the database', `${whole(megabytes)} MiB`]);
  rows.push(['server with userdb: until it listens, memory', await served(`userdb:${file}`)]);
  rows.push(['server with the password file: the same', await served(users)]);
  await lookUps();
} finally {
  await rm(folder, { recursive: true });
}
process.stdout.write(`${whole(count)} users, Node ${process.version}, ${PROCESSORS}\n\n`);
for (const [what, figure] of rows) process.stdout.write(`| ${what} | ${figure} |\n`);

function whole(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

async function writeUsers(): Promise<void> {
  const stream = createWriteStream(users, { mode: 0o600 });
  for (let i = 0; i < count; ) {
    let text = '';
    for (let j = 0; j < 10_000 && i < count; j++, i++) {
      text += `user${i}:group${i % 100}:$base64$${Buffer.from(`pass${i}`).toString('base64')}\n`;
    }
    await new Promise<void>((resolve, reject) => {
      stream.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }
  await new Promise<void>((resolve) => stream.end(() => resolve()));
}

function spawnProgram(...args: string[]): ChildProcess {
  return spawn(process.execPath, [PICOSOCKS5, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Waits for the end of a program. @returns how long it ran, and its CPU time. */
async function timed(child: ChildProcess): Promise<{ seconds: number; cpu: string }> {
  const began = performance.now();
  let cpu = 0;
  const timer = setInterval(() => {
    cpu = cpuOf(child) ?? cpu;
  }, 50);
  child.stderr?.resume();
  const status = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  if (status !== 0) throw new Error(`the program ended with status ${status}`);
  return { seconds: (performance.now() - began) / 1000, cpu: cpu.toFixed(1) };
}

/** CPU time of a process so far, s (proc(5)); undefined if it is gone. */
function cpuOf({ pid }: ChildProcess): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

/** Starts a server with users, of whom the last logs in. @returns how long it took, and its memory. */
async function served(auth: string): Promise<string> {
  const began = performance.now();
  const server = spawnProgram('-a', auth, '127.0.0.1:0');
  try {
    let told = '';
    const port = await new Promise<number>((resolve, reject) => {
      server.once('close', () => reject(new Error(told)));
      server.stderr?.on('data', (octets) => {
        told += String(octets);
        const match = /listening.*:(\d+)/.exec(told);
        if (match !== null) resolve(Number(match[1]));
      });
    });
    const took = performance.now() - began;
    await demandLogin(port, `user${count - 1}`, `pass${count - 1}`);
    const [, memory] =
      /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? [];
    return `${whole(took)} ms, ${whole(Number(memory) / 1024)} MiB`;
  } finally {
    server.removeAllListeners('close');
    server.kill();
  }
}

async function demandLogin(port: number, user: string, password: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const lengths = [Buffer.of(5, 1, 2, 1, user.length), Buffer.of(password.length)] as const;
  socket.write(Buffer.concat([lengths[0], Buffer.from(user), lengths[1], Buffer.from(password)]));
  let answer = Buffer.alloc(0);
  for await (const octets of socket) {
    answer = Buffer.concat([answer, octets as Buffer]);
    if (answer.length >= 4) break;
  }
  socket.destroy();
  if (answer[3] !== 0) throw new Error(`${user} cannot log in`);
}

async function lookUps(): Promise<void> {
  const module = pathToFileURL(join(EXTENSIONS, 'userdb/dist/database.js')).href;
  const { UserDatabase }: DatabaseModule = await import(module);
  const database = await UserDatabase.open(file, 'read');
  const names: [what: string, name: (i: number) => string][] = [
    ['look-up of a user', (i) => `user${(i * 7919) % count}`],
    ['look-up of nobody', (i) => `nobody${i}`],
  ];
  for (const [what, name] of names) {
    const before = process.cpuUsage();
    for (let i = 0; i < LOOKUPS; i++) database.find(name(i));
    const { user, system } = process.cpuUsage(before);
    rows.push([what, `${((user + system) / LOOKUPS).toFixed(1)} \u00b5s of CPU`]);
  }
  await database.close();
}
