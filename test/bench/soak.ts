import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { PICOSOCKS5 } from '../support/command.js';
import { listening } from '../support/sockets.js';
import { ProcessTree } from './processes.js';
import { Traffic } from './soak/traffic.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    node: { type: 'string', default: process.execPath },
    log: { type: 'string', default: '/dev/null' },
  },
});
const seed = Number(values.seed);
const clients = Number(values.clients);
const whole = Number(values.minutes) * 60_000;
/** How long the server rests before its memory is looked at, ms. */
const IDLE = 5000;
/** How much its memory may grow: a part, and KB. */
const GROWTH = [1.2, 16_384] as const;

const out = (text: string) => process.stdout.write(`${text}\n`);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

const port = await freePort();
const limits = ['--maxconn', '0', '--maxconn-per-address', '0'];
const level = values.log === '/dev/null' ? 'info' : 'debug';
const args = [PICOSOCKS5, ...limits, '-v', level, `127.0.0.1:${port}`];
const server = spawn(values.node, args, {
  stdio: ['ignore', 'ignore', openSync(values.log, 'w')],
});
process.once('exit', () => server.kill('SIGKILL'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
await listening(port);
const tree = new ProcessTree(server.pid as number);
const traffic = await Traffic.start(seed, port);
const began = Date.now();

function fail(reason: string): never {
  out(`FAILED: ${reason} (seed ${seed})`);
  process.exit(1);
}
server.once('exit', (status, signal) => fail(`the server ended: ${status ?? signal}`));

const megabytes = () => (tree.resident() / 1024).toFixed(0);
function report(): void {
  const { connections, resets, early, bytes } = traffic.count;
  out(
    `${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s: ` +
      `${connections} connections, ${resets} reset, ${early} left early, ` +
      `${traffic.active} active, ${(bytes / 1e9).toFixed(2)} GB, ` +
      `server ${megabytes()} MB, ${tree.openFiles()} files, ${traffic.faults.length} faults`,
  );
}

/** Lets the server rest. @returns its memory, KB, and its open files. */
async function rest(): Promise<[number, number]> {
  await sleep(IDLE);
  report();
  return [tree.resident(), tree.openFiles()];
}

const mode = process.env['PICOSOCKS5_READ'] ?? 'buffers';
out(`seed ${seed}, ${clients} clients, ${values.minutes} minutes, reading by ${mode}`);
const ticker = setInterval(report, 30_000);
// The first connection loads what is loaded late.
await traffic.run(1, 1000);
const [, filesBefore] = await rest();
await traffic.run(clients, whole / 10);
const [memoryEarly] = await rest();
await traffic.run(clients, (whole * 9) / 10);
const [memoryLate, filesLate] = await rest();
clearInterval(ticker);

for (const address of tree.sockets()) out(`left open: ${address}`);
const seconds = tree.cpu().toFixed(0);
out(`memory ${memoryEarly} KB, at the end ${memoryLate} KB; files ${filesBefore}, ${filesLate}`);
out(`the server used ${seconds} s of CPU time`);
for (const fault of traffic.faults) out(fault);
if (traffic.faults.length > 0) fail(`${traffic.faults.length} connections lost or corrupted data`);
if (filesLate > filesBefore) fail(`${filesLate - filesBefore} more files are open than before`);
const allowed = Math.max(memoryEarly * GROWTH[0], memoryEarly + GROWTH[1]);
if (memoryLate > allowed) fail(`memory has grown from ${memoryEarly} to ${memoryLate} KB`);
out('nothing was lost, corrupted or left over');
process.exit();
