import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What to do, as JSON in the first argument; the result is JSON on stdout. */
export interface Job {
  readonly measure: 'rate' | 'down' | 'up' | 'latency' | 'steady';
  /** Port of the proxy; 0: straight to the target. */
  readonly proxy: number;
  readonly target: number;
  /** Connections at once; for `steady`, new ones a second. */
  readonly flows: number;
  readonly seconds: number;
}

const job: Job = JSON.parse(process.argv[2] ?? '{}');
const greeting = Buffer.of(5, 1, 0);
const request = Buffer.of(5, 1, 0, 1, 127, 0, 0, 1, job.target >> 8, job.target & 0xff);
const message = Buffer.alloc(64, 'e');
const shared = Buffer.alloc(1024 * 1024);

/** A connection through the proxy, which tells how many bytes have come. */
class Flow {
  readonly socket: Socket;
  received = 0;
  #waiting = 0;
  #wake: (() => void) | undefined;

  constructor() {
    const onread = {
      buffer: shared,
      callback: (bytes: number) => {
        this.received += bytes;
        if (this.#wake !== undefined && this.received >= this.#waiting) {
          const wake = this.#wake;
          this.#wake = undefined;
          wake();
        }
        return true;
      },
    };
    const port = job.proxy || job.target;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.socket.on('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    });
  }

  /** Sends, and waits until so many bytes have come in answer. */
  exchange(bytes: Uint8Array, answer: number): Promise<void> {
    this.#waiting = this.received + answer;
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.socket.write(bytes);
    });
  }

  async open(): Promise<this> {
    await once(this.socket, 'connect');
    if (job.proxy !== 0) {
      await this.exchange(greeting, 2);
      await this.exchange(request, 10);
    }
    return this;
  }
}

async function rate(): Promise<number> {
  const end = Date.now() + job.seconds * 1000;
  let count = 0;
  const client = async () => {
    while (Date.now() < end) {
      const flow = await new Flow().open();
      await flow.exchange(message, message.length);
      flow.socket.destroy();
      count++;
    }
  };
  await Promise.all(Array.from({ length: job.flows }, client));
  return count / job.seconds;
}

async function throughput(up: boolean): Promise<number> {
  const flows = await Promise.all(Array.from({ length: job.flows }, () => new Flow().open()));
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
  await new Promise((resolve) => setTimeout(resolve, 300));
  const [before, start] = [moved(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, job.seconds * 1000));
  return (moved() - before) / (performance.now() - start) / 1000;
}

async function latency(): Promise<number[]> {
  const flow = await new Flow().open();
  const times: number[] = [];
  const end = Date.now() + job.seconds * 1000;
  while (Date.now() < end) {
    const start = performance.now();
    await flow.exchange(message, message.length);
    times.push((performance.now() - start) * 1000);
  }
  return quantiles(times);
}

function quantiles(times: number[]): number[] {
  times.sort((a, b) => a - b);
  return [0.5, 0.99, 0.999].map((part) => times[Math.floor(times.length * part)] ?? 0);
}

/** Whole connections at a rate that does not wait for them: how long each takes, ms. */
async function steady(): Promise<number[]> {
  const times: number[] = [];
  const start = performance.now();
  const connection = async () => {
    const begin = performance.now();
    const flow = await new Flow().open();
    await flow.exchange(message, message.length);
    flow.socket.destroy();
    times.push(performance.now() - begin);
  };
  const all: Promise<void>[] = [];
  for (let now = start; now < start + job.seconds * 1000; now = performance.now()) {
    while (all.length < ((now - start) / 1000) * job.flows) all.push(connection());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(all);
  return quantiles(times);
}

function measure(): Promise<number | number[]> {
  switch (job.measure) {
    case 'rate':
      return rate();
    case 'latency':
      return latency();
    case 'steady':
      return steady();
    default:
      return throughput(job.measure === 'up');
  }
}

const result = await measure();
process.stdout.write(JSON.stringify(result));
process.exit();
