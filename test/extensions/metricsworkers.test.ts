import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryFile } from '../support/files.js';
import { run, unless } from '../support/programs.js';
import { parseExposition, type Sample, total } from '../support/prometheus.js';
import { type Client, echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';

const linux = process.platform === 'linux' ? undefined : 'needs /proc';

interface Started {
  readonly command: Command;
  readonly port: number;
  readonly url: string;
  readonly ini: string;
}

async function started(t: TestContext, workers: number): Promise<Started> {
  const [port, metrics] = [await freePort(t), await freePort(t)];
  const ini = temporaryFile(t, `[extension:metrics]\nlisten = 127.0.0.1:${metrics}\n`, 'p.ini');
  const address = `127.0.0.1:${port}`;
  const command = new Command(t, ['-c', ini, '--workers', String(workers), address]);
  await command.line(/metrics at/);
  await command.line(/listening/);
  return { command, port, url: `http://127.0.0.1:${metrics}`, ini };
}

/** Scrapes until the samples are as they are to be; at most 30 s. */
async function eventually(
  t: TestContext,
  { command, url }: Started,
  isMeant: (samples: readonly Sample[]) => boolean,
): Promise<Sample[]> {
  const start = performance.now();
  let last = '';
  while (performance.now() - start < 30_000) {
    const { status, stdout } = await run(t, 'curl', ['-sf', `${url}/metrics`]);
    last = `${status} ${stdout}`;
    const samples = status === 0 ? parseExposition(stdout) : [];
    if (status === 0 && isMeant(samples)) return samples;
  }
  throw new Error(`at last ${last}\n${command.lines.join('\n')}`);
}

for (const workers of [1, 2]) {
  test(`with ${workers} workers there is one sum`, { skip: unless('curl') }, async (t) => {
    const running = await started(t, workers);
    const { port, url, command } = running;
    const echo = await echoServer(t);
    const clients: Client[] = [];
    for (let i = 0; i < 20; i++) {
      const client = await connected(t, port, echo);
      await assertEcho(client);
      clients.push(client);
    }
    // A process may still be starting, and takes no connection then.
    const samples = await eventually(
      t,
      running,
      (now) => total(now, 'picosocks5_processes') === workers,
    );
    assert.equal(total(samples, 'picosocks5_connections_opened_total'), 20);
    assert.equal(total(samples, 'picosocks5_connections_active'), 20);
    assert.equal(total(samples, 'picosocks5_bytes_total', { direction: 'up' }), 80);
    assert.equal(total(samples, 'picosocks5_build_info'), 1);
    assert.ok(total(samples, 'process_resident_memory_bytes') > workers * 20 * 1024 * 1024);
    for (const { socket } of clients) socket.end();
    const done = { reason: 'finished', command: 'connect' };
    const after = await eventually(
      t,
      running,
      (now) => total(now, 'picosocks5_connections_total', done) === 20,
    );
    assert.equal(total(after, 'picosocks5_bytes_total', { direction: 'down' }), 80);
    const { stdout } = await run(t, 'curl', ['-sf', `${url}/healthz`]);
    assert.equal(stdout, 'ok\n');
    assert.equal(await command.stop(), 0);
  });
}

for (const place of [0, 1]) {
  const which = place === 0 ? 'the one that answers' : 'another one';
  const skip = linux ?? unless('curl');
  test(`slow: what a worker has counted outlives it: ${which}`, { skip }, async (t) => {
    const running = await started(t, 2);
    const { port, command } = running;
    const echo = await echoServer(t);
    for (let i = 0; i < 20; i++) {
      const client = await connected(t, port, echo);
      await assertEcho(client);
      client.socket.end();
    }
    const ended = (now: readonly Sample[]) => total(now, 'picosocks5_connections_total');
    // One that still starts does not know what is told.
    const isTold = (now: readonly Sample[]) =>
      total(now, 'picosocks5_processes') === 2 && ended(now) === 20;
    await eventually(t, running, isTold);
    const victim = command.workers()[place] as number;
    process.kill(victim, 'SIGKILL');
    await command.line(/another one takes its place/);
    const isWhole = (now: readonly Sample[]) =>
      total(now, 'picosocks5_processes') === 2 && ended(now) >= 20;
    const after = await eventually(t, running, isWhole);
    assert.equal(ended(after), 20);
    assert.equal(total(after, 'picosocks5_connections_active'), 0);
    await assertEcho(await connected(t, port, echo));
  });
}
