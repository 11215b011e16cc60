// Throughput of the levels of GSS-API, and what a gigabyte costs: `npm run bench:gssapi [-- MEGABYTES]`.
// It needs Debian's krb5-kdc, krb5-admin-server, krb5-user and python3-gssapi, whose client is the slower
// side; what a level costs the server depends on the library's ciphers more than on anything else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PYTHON, Realm, unlessKerberos } from '../support/kerberos.js';
import type { Scope } from '../support/scope.js';
import { freePort, listening } from '../support/sockets.js';
import { ProcessTree } from './processes.js';

const root = join(import.meta.dirname, '../../..');
const MEGABYTE = 1024 * 1024;
const total = Number(process.argv[2] ?? 512);

/** What is to be ended, the last first. */
const endings: (() => unknown)[] = [];
const scope: Scope = { after: (action) => void endings.push(action) };

async function measure(level: string): Promise<string> {
  const port = await freePort(scope);
  const program = join(root, 'core/bin/picosocks5.cjs');
  const settings = [`gssapi.keytab=${realm.keytab}`, `gssapi.levels=${level}`];
  const args = [
    ...settings.flatMap((setting) => ['--set', setting]),
    '-a',
    'gssapi:',
    '-v',
    'warn',
  ];
  const server = spawn(process.execPath, [program, ...args, `127.0.0.1:${port}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  scope.after(() => server.kill('SIGKILL'));
  await listening(port);
  const tree = new ProcessTree(server.pid ?? 0);
  const fetch = async (megabytes: number): Promise<number> => {
    const words = [`${port}`, '2', 'fetch', '127.0.0.1', `${source}`, `${megabytes * MEGABYTE}`];
    const client = spawn(PYTHON, [join(root, 'test/support/gssclient.py'), ...words], {
      env: ticket,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    for await (const line of createInterface({ input: client.stdout })) {
      return Number(line.split(' ')[1]);
    }
    throw new Error(`the client of the level ${level} has failed`);
  };
  await fetch(16);
  const before = tree.cpu();
  const seconds = await fetch(total);
  const cpu = tree.cpu() - before;
  server.kill('SIGKILL');
  const gigabytes = (total * MEGABYTE) / 1e9;
  const columns = [level, (total / seconds).toFixed(0), (cpu / gigabytes).toFixed(1)];
  return `| ${columns.join(' | ')} |`;
}

const missing = unlessKerberos();
if (missing !== undefined) throw new Error(missing);
const realm = await Realm.start(scope);
const ticket = await realm.ticket('bench');
const chunk = Buffer.alloc(MEGABYTE, 'x');
const origin = createServer((socket) => {
  socket.on('error', () => {});
  const write = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', write);
  write();
}).listen(0, '127.0.0.1');
await once(origin, 'listening');
const source = (origin.address() as AddressInfo).port;
try {
  const { model = 'unknown' } = cpus()[0] ?? {};
  const lines = [
    `${total} MiB by one connection, on Node ${process.version}, ${cpus().length} × ${model}`,
    '',
    '| level | MiB/s | CPU s/GB |',
    '| --- | --- | --- |',
  ];
  for (const level of ['clear', 'integrity', 'confidentiality']) lines.push(await measure(level));
  process.stdout.write(`${lines.join('\n')}\n`);
} finally {
  for (const end of endings.reverse()) await end();
  origin.close();
  process.exit();
}
