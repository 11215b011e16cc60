import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';

/** Why there is no black hole here: only Linux drops what a full backlog has no room for. */
export const noBlackHole = process.platform === 'linux' ? undefined : 'needs Linux';

const program = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/**
 * A port of 127.0.0.1 that answers nothing: it listens, its backlog is full, and nobody accepts.
 * It ends with the test.
 */
export async function blackHole(t: TestContext): Promise<number> {
  const worker = new Worker(program, { eval: true });
  t.after(() => worker.terminate());
  const [port] = await once(worker, 'message');
  for (let i = 0; i < 2; i++) {
    const filler = connect({ port, host: '127.0.0.1' });
    t.after(() => filler.destroy());
    filler.on('error', () => {});
    await once(filler, 'connect');
  }
  return port;
}
