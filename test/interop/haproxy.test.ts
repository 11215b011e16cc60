import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { unlessHere } from '../support/addresses.js';
import { tlsFolder } from '../support/certificates.js';
import { Command } from '../support/command.js';
import { temporaryFile } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, unless } from '../support/programs.js';
import { freePort, listening } from '../support/sockets.js';

const skip = unless('haproxy', 'curl');
const skipFrom = skip ?? (await unlessHere('127.0.0.9'));

/** HAProxy, and what it says. */
interface Haproxy {
  /** Waits for a line of its log. */
  line(pattern: RegExp): Promise<void>;
}

/** Runs HAProxy until the test ends. @param servers lines of its backend. */
async function haproxy(t: TestContext, port: number, servers: readonly string[]): Promise<Haproxy> {
  const config = temporaryFile(
    t,
    [
      ...['global', '  maxconn 200', '  log stdout format raw local0', 'defaults', '  mode tcp'],
      ...['  log global', '  timeout connect 5s', '  timeout client 30s', '  timeout server 30s'],
      ...['frontend in', `  bind 127.0.0.1:${port}`, '  default_backend out', 'backend out'],
      ...servers.map((server) => `  ${server}`),
      '',
    ].join('\n'),
  );
  const child = spawn('haproxy', ['-db', '-f', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  let wake = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  child.once('close', () => wake());
  const line = async (pattern: RegExp): Promise<void> => {
    while (!lines.some((text) => pattern.test(text))) {
      if (child.exitCode !== null) throw new Error(`HAProxy ended:\n${lines.join('\n')}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { line };
}

for (const version of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options crc32c']) {
  test(`HAProxy tells the client's address: ${version}`, { skip: skipFrom }, async (t) => {
    const { url } = await webServer(t, { '/': 'hello' });
    const args = ['-v', 'debug', '-A', '--proxy-protocol', '127.0.0.1', '127.0.0.1:0'];
    const proxy = new Command(t, args);
    const [front, back] = [await freePort(t), await proxy.port()];
    await haproxy(t, front, [`server one 127.0.0.1:${back} ${version}`]);
    await listening(front);
    const from = ['--interface', '127.0.0.9'];
    const curl = ['-sS', '--noproxy', '', ...from, '-x', `socks5h://127.0.0.1:${front}`, url];
    const { stdout, stderr } = await run(t, 'curl', curl);
    assert.equal(stdout, 'hello', stderr);
    const closed = /closed #\d+ client=127\.0\.0\.9:\d+ .*reason=finished.* balancer=127\.0\.0\.1:/;
    await proxy.line(closed);
  });
}

for (const version of ['send-proxy', 'send-proxy-v2']) {
  test(`health checks of HAProxy cost no line: ${version}`, { skip }, async (t) => {
    const { url } = await webServer(t, { '/': 'hello' });
    const [front, back] = [await freePort(t), await freePort(t)];
    // What inter says is also how long a check may take.
    const check = `check inter 5s fastinter 20ms downinter 20ms rise 10 fall 2 ${version}`;
    const balancer = await haproxy(t, front, [`server one 127.0.0.1:${back} ${check}`]);
    await balancer.line(/out\/one is DOWN/);
    const args = ['-v', 'debug', '-A', '--proxy-protocol', '127.0.0.1', `127.0.0.1:${back}`];
    const proxy = new Command(t, args);
    await balancer.line(/out\/one is UP/);
    const curl = ['-sS', '--noproxy', '', '-x', `socks5h://127.0.0.1:${front}`, url];
    const { stdout, stderr } = await run(t, 'curl', curl);
    assert.equal(stdout, 'hello', stderr);
    await proxy.line(/closed #/);
    const told = proxy.lines.filter((line) => !/ listening /.test(line));
    const ids = new Set(told.map((line) => /#(\d+)/.exec(line)?.[1]));
    // At least 10 checks came before the one connection that all lines are about.
    assert.equal(ids.size, 1, told.join('\n'));
  });
}

/** A proxy with TLS behind a balancer on this machine, of which curl trusts the authority. */
function behindTls(t: TestContext, port = 0) {
  const { args, folder } = tlsFolder(t);
  const own = ['-v', 'debug', '-A', ...args, '--proxy-protocol', '127.0.0.1'];
  const proxy = () => new Command(t, [...own, `tls://127.0.0.1:${port}`]);
  return { proxy, ca: join(folder, 'ca.pem') };
}

for (const version of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2-ssl']) {
  test(`HAProxy hands TLS on, behind its header: ${version}`, { skip: skipFrom }, async (t) => {
    const { url } = await webServer(t, { '/': 'hello' });
    const { proxy: begin, ca } = behindTls(t);
    const proxy = begin();
    const [through, own] = [await freePort(t), await freePort(t)];
    const back = `server one 127.0.0.1:${await proxy.port()} ${version}`;
    // The client's own TLS, and HAProxy's to the proxy.
    await haproxy(t, through, [back]);
    await haproxy(t, own, [`${back} ssl verify required ca-file ${ca} sni str(localhost)`]);
    await Promise.all([listening(through), listening(own)]);
    const secure = ['--proxy-cacert', ca, '-x', `https://localhost:${through}`];
    for (const [address, how] of [
      ['127.0.0.9', secure],
      ['127.0.0.10', [...secure, '-p']],
      ['127.0.0.11', ['-x', `socks5h://127.0.0.1:${own}`]],
    ] as const) {
      const args = ['-sS', '--noproxy', '', '--interface', address, ...how, url];
      const { stdout, stderr } = await run(t, 'curl', args);
      assert.equal(stdout, 'hello', `${how} ${stderr}`);
      await proxy.line(
        new RegExp(
          `closed #\\d+ client=${address}:\\d+ .*reason=finished.* balancer=127\\.0\\.0\\.1:`,
        ),
      );
    }
  });
}

/** A greeting of SOCKS 5, and what answers it. */
const GREETING = [
  'option tcp-check',
  'tcp-check send-binary 050100',
  'tcp-check expect binary 0500',
];

for (const version of ['send-proxy', 'send-proxy-v2']) {
  for (const [how, lines] of [
    ['', []],
    ['check-ssl ', []],
    ['check-ssl ', GREETING],
  ] as const) {
    const greets = lines.length > 0 ? ', with a greeting' : '';
    test(`health checks of HAProxy cost no line where there is TLS: ${how}${version}${greets}`, {
      skip,
    }, async (t) => {
      const [front, back] = [await freePort(t), await freePort(t)];
      const { proxy: begin } = behindTls(t, back);
      const check = `check ${how}verify none inter 5s fastinter 20ms downinter 20ms rise 10 fall 2`;
      const balancer = await haproxy(t, front, [
        `server one 127.0.0.1:${back} ${check} ${version}`,
      ]);
      await balancer.line(/out\/one is DOWN/);
      const proxy = begin();
      await balancer.line(/out\/one is UP/);
      assert.deepEqual(
        proxy.lines.filter((line) => !/ listening /.test(line)),
        [],
      );
    });
  }
}

test('curl sends a header itself', { skip: unless('curl') }, async (t) => {
  const { url } = await webServer(t, { '/': 'hello' });
  const args = ['-A', '-v', 'debug', '--proxy-protocol', '127.0.0.1', '127.0.0.1:0'];
  const proxy = new Command(t, args);
  // To curl the proxy is the origin: it sends its header there, and not behind a proxy.
  const own = `http://127.0.0.1:${await proxy.port()}/`;
  const told = ['--haproxy-protocol', '--request-target', url, own];
  const { stdout, stderr } = await run(t, 'curl', ['-sS', '--noproxy', '*', ...told]);
  assert.equal(stdout, 'hello', stderr);
  // It tells its own address: it is no balancer.
  const [line] = await proxy.line(/connection #1 client=127\.0\.0\.1:\d+.*/);
  assert.doesNotMatch(line, /balancer/);
  const without = await run(t, 'curl', ['-sS', '--noproxy', '*', '--request-target', url, own]);
  assert.notEqual(without.status, 0);
  await proxy.line(/rejected #2 .*no PROXY header/);
});
