import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Flow } from './flow.js';
import type { Job, Outcome } from './job.js';

/** When nothing has come for this long, what is on its way counts as lost, ms. */
const LOST = 20;

/** Datagrams of 64 bytes there and back, a number of them on their way at a time: per second. */
export async function udp(job: Job): Promise<Outcome> {
  const direct = job.proxy === 0;
  const port = direct ? job.target : await new Flow(job).open(3);
  const header = [0, 0, 0, 1, 127, 0, 0, 1, job.target >> 8, job.target & 0xff];
  const datagram = Buffer.concat([Buffer.from(direct ? [] : header), Buffer.alloc(64, 'u')]);
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {});

  let [count, last] = [0, Date.now()];
  const send = () => socket.send(datagram);
  socket.on('message', () => {
    count++;
    last = Date.now();
    send();
  });
  for (let i = 0; i < job.flows; i++) send();
  const end = Date.now() + job.seconds * 1000;
  while (Date.now() < end) {
    await sleep(LOST / 2);
    if (Date.now() - last > LOST) for (let i = 0; i < job.flows; i++) send();
  }
  return { values: [count / job.seconds], work: count / 1000 };
}
