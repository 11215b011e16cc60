import { once } from 'node:events';
import { type Flow, opened } from './flow.js';
import type { Job, Outcome } from './job.js';
import { message } from './tcp.js';

/** How many connections are made, or woken, at a time. */
const LANES = 64;
/** Local addresses of the clients: 127.0.0.2 and so on. */
const ADDRESSES = 8;

/** Does something with each of several things, some at a time. */
async function each<T>(list: readonly T[], action: (one: T) => Promise<unknown>): Promise<void> {
  const rest = list.values();
  const lane = async () => {
    for (const one of rest) await action(one);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

const clients = (count: number) => Array.from({ length: count }, (_, i) => i);
const addressOf = (client: number) => `127.0.0.${2 + (client % ADDRESSES)}`;

/** Waits, with connections that rest, until the parent has seen enough. */
async function rest(): Promise<void> {
  process.send?.('idle');
  await once(process, 'message');
}

/**
 * Connections that do nothing once one message has gone there and back. Says `idle` to the parent,
 * which says when they are to be woken. @returns how many answer.
 */
export async function idle(job: Job): Promise<Outcome> {
  const flows: Flow[] = [];
  await each(clients(job.flows), async (client) => {
    const flow = await opened(job, addressOf(client));
    flows.push(flow);
    await flow.exchange(message, message.length);
  });
  await rest();
  let answers = 0;
  await each(flows, async (flow) => {
    await flow.exchange(message, message.length);
    answers++;
  });
  return { values: [answers], work: answers / 1000 };
}

/** Connections that ask for bytes without end and do not read them. @returns nothing. */
export async function stalled(job: Job): Promise<Outcome> {
  await each(clients(job.flows), async (client) => {
    const { socket } = await opened(job, addressOf(client));
    socket.pause();
    socket.write('d');
  });
  await rest();
  return { values: [], work: 0 };
}
