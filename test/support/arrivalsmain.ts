// Clients that come at a steady rate, whatever becomes of those before: what an open loop is. Each
// speaks SOCKS 5, has 16 octets sent there and back by a destination in this process, and leaves. The parent
// says `end`, and is told what became of all of them.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Arrivals, ArrivalsJob } from './arrivals.js';

/** How long a client waits until it counts as unanswered, ms. */
const PATIENCE = 15_000;
/** Addresses that clients come from, so that none runs out of ports: 127.0.0.2 and so on. */
const ADDRESSES = 8;

const job: ArrivalsJob = JSON.parse(process.argv[2] ?? '{}');
const ping = Buffer.alloc(16, 'p');
const lost: Record<string, number> = {};
let served = 0;
let longest = 0;

const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
await once(echo.listen(0, '127.0.0.1', 4096), 'listening');
const { port } = echo.address() as AddressInfo;
/** A greeting, then CONNECT: as curl, it waits for each answer. */
const greeting = Buffer.of(5, 1, 0);
const request = Buffer.of(5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff);
const steps: readonly [said: Buffer, answer: number][] = [
  [greeting, 2],
  [request, 10],
  [ping, ping.length],
];

function client(number: number): Promise<void> {
  const start = performance.now();
  const localAddress = `127.0.0.${2 + (number % ADDRESSES)}`;
  const place =
    job.path === undefined
      ? { host: '127.0.0.1', port: job.port ?? 0, localAddress }
      : { path: job.path };
  const socket = connect(place);
  return new Promise((resolve) => {
    let step = 0;
    let have = Buffer.alloc(0);
    let trouble = 'unanswered';
    const isLate = setTimeout(() => socket.destroy(), PATIENCE);
    const say = () => socket.write((steps[step] as (typeof steps)[0])[0]);
    socket.once('connect', say);
    socket.on('data', (octets) => {
      have = Buffer.concat([have, octets]);
      const [said, length] = steps[step] as (typeof steps)[0];
      if (have.length < length) return;
      if (step === 1 && have[1] !== 0) trouble = `reply ${have[1]}`;
      else if (step === 2 && !have.equals(said)) trouble = 'other octets';
      else if (++step < steps.length) {
        have = Buffer.alloc(0);
        say();
        return;
      } else trouble = '';
      socket.end();
    });
    socket.once('end', () => {
      if (step < steps.length && trouble === 'unanswered') trouble = 'ended';
    });
    socket.on('error', ({ code = 'error' }: NodeJS.ErrnoException) => {
      if (step < steps.length) trouble = code;
    });
    socket.once('close', () => {
      clearTimeout(isLate);
      if (trouble === '') served++;
      else lost[trouble] = (lost[trouble] ?? 0) + 1;
      longest = Math.max(longest, performance.now() - start);
      resolve();
    });
  });
}

const all: Promise<void>[] = [];
const start = performance.now();
const clock = setInterval(() => {
  const due = ((performance.now() - start) / 1000) * job.rate;
  while (all.length < due) all.push(client(all.length));
}, 1);
process.send?.('started');
await once(process, 'message');
clearInterval(clock);
await Promise.all(all);
const outcome: Arrivals = { served, lost, longest };
process.send?.(outcome, () => process.exit());
