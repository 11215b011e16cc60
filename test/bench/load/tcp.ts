import { setTimeout as sleep } from 'node:timers/promises';
import { opened } from './flow.js';
import type { Job, Outcome } from './job.js';

/** What the target sends back. */
export const message = Buffer.alloc(64, 'e');

/** Connections one after the other on several lanes, each with one message: per second. */
export async function rate(job: Job): Promise<Outcome> {
  const end = Date.now() + job.seconds * 1000;
  let count = 0;
  const lane = async () => {
    while (Date.now() < end) {
      const flow = await opened(job);
      await flow.exchange(message, message.length);
      flow.socket.destroy();
      count++;
    }
  };
  await Promise.all(Array.from({ length: job.flows }, lane));
  return { values: [count / job.seconds], work: count / 1000 };
}

/** Bytes one way as fast as they go: MB/s. */
export async function throughput(job: Job): Promise<Outcome> {
  const up = job.measure === 'up';
  const flows = await Promise.all(Array.from({ length: job.flows }, () => opened(job)));
  const block = Buffer.alloc(512 * 1024, 'u');
  for (const { socket } of flows) {
    if (!up) {
      socket.write('d');
      continue;
    }
    const fill = () => {
      while (socket.write(block));
    };
    socket.on('drain', fill);
    fill();
  }
  const moved = () =>
    flows.reduce(
      (sum, { socket, received }) =>
        sum + (up ? socket.bytesWritten - socket.writableLength : received),
      0,
    );
  await sleep(300);
  const [before, start] = [moved(), performance.now()];
  await sleep(job.seconds * 1000);
  const all = moved();
  return { values: [(all - before) / (performance.now() - start) / 1000], work: all / 1e9 };
}

/** A message there and back, again and again on one connection: µs, p50, p99 and p99.9. */
export async function latency(job: Job): Promise<Outcome> {
  const flow = await opened(job);
  const times: number[] = [];
  const end = Date.now() + job.seconds * 1000;
  while (Date.now() < end) {
    const start = performance.now();
    await flow.exchange(message, message.length);
    times.push((performance.now() - start) * 1000);
  }
  return { values: quantiles(times), work: times.length / 1000 };
}

/** Whole connections at a rate that does not wait for them: how long each takes, ms. */
export async function steady(job: Job): Promise<Outcome> {
  const times: number[] = [];
  const start = performance.now();
  const connection = async () => {
    const begin = performance.now();
    const flow = await opened(job);
    await flow.exchange(message, message.length);
    flow.socket.destroy();
    times.push(performance.now() - begin);
  };
  const all: Promise<void>[] = [];
  for (let now = start; now < start + job.seconds * 1000; now = performance.now()) {
    while (all.length < ((now - start) / 1000) * job.flows) all.push(connection());
    await sleep(1);
  }
  await Promise.all(all);
  return { values: quantiles(times), work: times.length / 1000 };
}

function quantiles(times: number[]): number[] {
  times.sort((a, b) => a - b);
  return [0.5, 0.99, 0.999].map((part) => times[Math.floor(times.length * part)] ?? 0);
}
