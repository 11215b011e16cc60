import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { certificate } from '../../support/certificates.js';
import { PICOSOCKS5 } from '../../support/command.js';
import { listening } from '../../support/sockets.js';
import { ProcessTree } from '../processes.js';
import { Traffic } from './traffic.js';
import { environmentFor, type TransportName } from './transports.js';
import { type Observed, verdict } from './verdict.js';

/** How long the server rests before its memory is looked at, ms. */
const REST = 5000;
/** How much traffic it takes until memory is what it will be, ms. */
const SETTLING = 30_000;
/** How often it is reported what goes on, ms. */
const PERIOD = 30_000;

export interface SoakOptions {
  /** What runs the server. */
  readonly node: string;
  readonly transport: TransportName;
  /** How long there is traffic, ms. */
  readonly length: number;
  /** Connections at once. */
  readonly clients: number;
  /** What makes the traffic the same again. */
  readonly seed: number;
  /** File for the server's log: of all it does, if it is not /dev/null. */
  readonly log: string;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/**
 * Has a server of its own carry random traffic, and compares each byte. If the server ends before
 * it should, traffic is still under way when this returns.
 *
 * @param out takes lines about what goes on.
 * @returns what was wrong; nothing if all is well.
 */
export async function soak(
  options: SoakOptions,
  out: (line: string) => void,
): Promise<readonly string[]> {
  const { node, transport, length, clients, seed, log } = options;
  const [port, tls] = [await freePort(), await freePort()];
  const level = log === '/dev/null' ? 'info' : 'debug';
  const file = openSync(log, 'a');
  const folder = mkdtempSync(join(tmpdir(), 'picosocks5-soak-'));
  const pem = join(folder, 'tls.pem');
  const { cert, key } = certificate();
  writeFileSync(pem, cert + key, { mode: 0o600 });
  const listen = [`127.0.0.1:${port}`, `tls://127.0.0.1:${tls}`];
  const server = spawn(node, [PICOSOCKS5, '-v', level, '--tls-cert', pem, ...listen], {
    stdio: ['ignore', 'ignore', file],
    env: environmentFor(transport),
  });
  closeSync(file);
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(server, 'exit').then(([status, signal]) => [
    `the server ended: ${status ?? signal}`,
  ]);
  try {
    const soaked = async () => {
      await listening(port);
      await listening(tls);
      const tree = new ProcessTree(server.pid ?? 0);
      const traffic = await Traffic.start(seed, port, tls);
      const observed = await observe(tree, traffic, clients, length, out);
      traffic.stop();
      return verdict(observed);
    };
    return await Promise.race([ended, soaked()]);
  } finally {
    process.off('exit', kill);
    kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function observe(
  tree: ProcessTree,
  traffic: Traffic,
  clients: number,
  length: number,
  out: (line: string) => void,
): Promise<Observed> {
  const began = performance.now();
  const report = () => {
    const { connections, tls, tunnels, requests, resets, early, bytes } = traffic.count;
    const seconds = String(Math.round((performance.now() - began) / 1000)).padStart(5);
    const megabytes = (tree.resident() / 1024).toFixed(0);
    out(
      `${seconds} s: ${connections} connections, ${tls} over TLS, ${tunnels} by CONNECT, ` +
        `${requests} requests forwarded, ${resets} reset, ${early} left early, ` +
        `${traffic.active} active, ${(bytes / 1e9).toFixed(2)} GB, ` +
        `server ${megabytes} MB, ${tree.openFiles()} files, ${traffic.faults.length} faults`,
    );
  };
  /** Lets the server rest. @returns its memory, KB, and its open files. */
  const rest = async () => {
    await sleep(REST);
    report();
    return [tree.resident(), tree.openFiles()] as const;
  };
  const ticker = setInterval(report, PERIOD).unref();
  try {
    // The first connection loads what is loaded late.
    await traffic.run(1, 1000);
    const [, before] = await rest();
    const first = Math.max(length / 10, Math.min(SETTLING, length / 2));
    await traffic.run(clients, first);
    const [early] = await rest();
    await traffic.run(clients, length - first);
    const [late, after] = await rest();
    for (const address of tree.sockets()) out(`left open: ${address}`);
    out(`memory ${early} KB, at the end ${late} KB; files ${before}, ${after}`);
    out(`the server used ${tree.cpu().toFixed(0)} s of CPU time`);
    for (const fault of traffic.faults) out(fault);
    const settled = first >= SETTLING;
    if (!settled) out('memory is not judged: it settles in half a minute of traffic');
    const memory = settled ? ([early, late] as const) : undefined;
    return { memory, files: [before, after], faults: traffic.faults };
  } finally {
    clearInterval(ticker);
  }
}
