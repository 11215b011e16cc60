import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { certificate } from '../support/certificates.js';
import { PICOSOCKS5 } from '../support/command.js';
import { dnsReply } from '../support/dns.js';
import { httpsDns } from '../support/dnsservers.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { run, start, unless } from '../support/programs.js';
import { startServer } from '../support/server.js';
import { bytes, echoServer, freePort, listening } from '../support/sockets.js';
import { address, assertEcho, domain, greeted, readReply, request } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';

const skip = unless('dnsmasq');

/** dnsmasq that knows some names. @returns its port at 127.0.0.1. */
async function dnsmasq(t: TestContext, ...more: string[]): Promise<number> {
  const port = await freePort(t);
  const many = Array.from({ length: 40 }, (_, i) => `127.0.1.${i} many.example.test\n`).join('');
  start(t, 'dnsmasq', [
    ...['--no-daemon', '--no-resolv', '--no-hosts', '--listen-address=127.0.0.1'],
    ...['--bind-interfaces', `--port=${port}`, '--local=/test/'],
    '--host-record=www.example.test,127.0.0.1',
    '--cname=alias.example.test,www.example.test',
    `--addn-hosts=${temporaryFile(t, many, 'hosts')}`,
    ...more,
  ]);
  await listening(port);
  return port;
}

/** Asks a server for a connection to a name. */
async function ask(t: TestContext, port: number, name: string, to: number) {
  const client = await greeted(t, port);
  client.send(5, 1, 0, domain(name, to));
  return { client, reply: (await readReply(client)).reply };
}

describe('names that dnsmasq knows', { skip }, () => {
  for (const scheme of ['udp', 'tcp']) {
    test(`over ${scheme}: CONNECT, UDP and rules`, async (t) => {
      const dns = await dnsmasq(t);
      const echo = await echoServer(t);
      const { port, event, server } = await startServer(t, {
        resolver: [`${scheme}://127.0.0.1:${dns}`],
        request: ['all:www.example.test', 'all:alias.example.test', 'all:*.example.test:9'],
      });
      for (const name of ['www.example.test', 'ALIAS.example.test.']) {
        const { client, reply } = await ask(t, port, name, echo);
        assert.equal(reply, 0, name);
        await assertEcho(client);
      }
      // The rule is about the address of the name.
      assert.equal((await ask(t, port, '127.0.0.1', echo)).reply, 0);
      assert.equal((await ask(t, port, 'nothing.example.test', 9)).reply, 4);
      const { detail } = await event('rejected');
      assert.equal(detail, 'the name does not resolve');

      const { reply } = await request(t, port, 3, address('0.0.0.0', 0));
      const [client, peer] = [await UdpPeer.open(t), await UdpPeer.echo(t)];
      client.send(bytes(0, 0, 0, domain('www.example.test', peer.port), 'x'), reply.port);
      assert.deepEqual(
        (await client.receive()).data,
        bytes(0, 0, 0, address('127.0.0.1', peer.port), 'x'),
      );
      const destination = { host: 'www.example.test', port: 80 };
      const { resolver } = await server.check(undefined, 'connect', destination);
      assert.equal(resolver, `${scheme}://127.0.0.1:${dns}`);
    });
  }

  test('more addresses than a datagram holds', async (t) => {
    const dns = await dnsmasq(t);
    const { server } = await startServer(t, { resolver: [`udp://127.0.0.1:${dns}`] });
    const destination = { host: 'many.example.test', port: 80 };
    const { addresses } = await server.check(undefined, 'connect', destination);
    assert.equal(addresses.length, 32);
  });

  test('the next one is asked where one does not answer, and the log says why none does', async (t) => {
    const dns = await dnsmasq(t);
    const echo = await echoServer(t);
    const dead = await freePort(t);
    const urls = [`tcp://127.0.0.1:${dead}`, `udp://127.0.0.1:${dns}`];
    const { port, event, server } = await startServer(t, { resolver: urls });
    assert.equal((await ask(t, port, 'www.example.test', echo)).reply, 0);
    const listen = [`127.0.0.1:${port}`];
    await server.reload({ listen, resolver: [`tcp://127.0.0.1:${dead}/`, 'system'] });
    assert.equal((await ask(t, port, 'localhost', echo)).reply, 0, 'the list of hosts');
    await server.reload({ listen, resolver: [`tcp://127.0.0.1:${dead}`] });
    assert.equal((await ask(t, port, 'other.example.test', echo)).reply, 4);
    const { detail } = await event('rejected');
    assert.equal(
      detail,
      `the name cannot be resolved now: tcp://127.0.0.1:${dead}: connection refused`,
    );
  });

  test('over TLS and HTTPS, by the command, with a certificate of its own', async (t) => {
    const dns = await dnsmasq(t);
    const certified = certificate({ names: ['127.0.0.1'] });
    const ca = join(temporaryDirectory(t), 'ca.pem');
    writeFileSync(ca, certified.cert);
    const dot = createTlsServer(certified, (socket) => {
      const upstream = connect(dns, '127.0.0.1');
      socket.on('error', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
      socket.pipe(upstream).pipe(socket);
    });
    t.after(() => dot.close());
    await new Promise<void>((resolve) => dot.listen(0, '127.0.0.1', resolve));
    const { port: dotPort } = dot.address() as { port: number };
    const doh = await httpsDns(t, certified, 2, (query) => ({
      body: dnsReply(query, { addresses: ['127.0.0.1'] }),
    }));
    const env = { NODE_EXTRA_CA_CERTS: ca };
    const check = (url: string, environment: NodeJS.ProcessEnv) =>
      run(
        t,
        process.execPath,
        [PICOSOCKS5, 'check', '--resolver', url, '-', 'connect', 'www.example.test:80'],
        { env: { ...process.env, ...environment } },
      );
    for (const url of [`tls://127.0.0.1:${dotPort}`, `https://127.0.0.1:${doh.port}/secret`]) {
      const { status, stdout, stderr } = await check(url, env);
      assert.equal(status, 0, stderr);
      const shown = url.replace('/secret', '');
      assert.match(stdout, new RegExp(`\\n  127\\.0\\.0\\.1  allowed: .*\\n.* by ${shown}\\n$`));
      const distrusted = await check(url, {});
      assert.equal(distrusted.status, 2);
      assert.match(distrusted.stderr, /cannot be resolved: (tls|https):\/\/127[^ ]*: self.signed/);
      assert.doesNotMatch(distrusted.stderr, /secret/);
    }
  });
});
