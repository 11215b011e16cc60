import assert from 'node:assert/strict';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { Settings } from '#core/config/settings.js';
import { Workers } from '#core/process/workers.js';
import { authority, type Certified, certificate, tlsFolder } from '../support/certificates.js';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { bytes, Client, echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connectTo } from '../support/socks.js';
import { tlsClient } from '../support/tls.js';

const noSignals = process.platform === 'win32' ? 'no signals on Windows' : undefined;
const linux = process.platform === 'linux' ? undefined : 'needs /proc';
const notRoot = process.getuid?.() === 0 ? linux : 'not root';
const NOBODY = 65534;

/** A client over TLS that has been greeted without a login. */
async function greeted(t: TestContext, port: number, ca: Certified, more: ConnectionOptions = {}) {
  const tls = await tlsClient(t, port, ca, more);
  tls.client.send(5, 1, 0);
  assert.deepEqual(await tls.client.read(2), bytes(5, 0));
  return tls;
}

test('the program says where it listens with TLS, and that a certificate expires', async (t) => {
  const { args, options, ca } = tlsFolder(t, { to: 1.5 });
  const command = new Command(t, [...args, 'tls://127.0.0.1:0', '127.0.0.1:0']);
  await command.line(/expires in a day/);
  const [, port = ''] = await command.line(/listening address=tls:\/\/127\.0\.0\.1:(\d+)/);
  await command.line(/listening address=127\.0\.0\.1:\d+$/);
  assert.ok(command.lines.some((line) => line.includes(`in "${options.tlsCert}" expires`)));
  const { client } = await greeted(t, Number(port), ca);
  assert.equal((await connectTo(client, '127.0.0.1', await echoServer(t))).reply, 0);
  await assertEcho(client);
});

test('files that a configuration file names are looked for beside it', async (t) => {
  const { ca, write } = tlsFolder(t);
  const config = write(
    'picosocks5.ini',
    '[listener:lan]\nlisten = tls://127.0.0.1:0\ntls-cert = cert.pem\ntls-key = key.pem\n',
  );
  const command = new Command(t, ['-c', config]);
  await greeted(t, await command.port(), ca);
});

test('one log line says why there was no TLS', async (t) => {
  const { args } = tlsFolder(t);
  const command = new Command(t, [...args, 'tls://127.0.0.1:0']);
  const port = await command.port();
  const client = await Client.connect(t, port);
  client.send(5, 1, 0);
  await client.readAll();
  const [line] = await command.line(/rejected #1 .*/);
  const detail = '"the client speaks SOCKS 5 (first octet 0x05); this listener speaks TLS"';
  assert.ok(line.endsWith(`reason=tls-failed detail=${detail}`), line);
});

for (const workers of ['1', '2']) {
  test(`SIGHUP takes a new certificate, and no wrong one (${workers})`, {
    skip: noSignals,
  }, async (t) => {
    const { args, options, ca } = tlsFolder(t);
    const port = await freePort(t);
    const command = new Command(t, [
      '--grace',
      '0',
      '--workers',
      workers,
      ...args,
      `tls://127.0.0.1:${port}`,
    ]);
    await command.line(/listening/);
    await greeted(t, port, ca);
    const fresh = authority('Fresh');
    const { cert, key } = certificate({ names: ['localhost'], by: fresh });
    writeFileSync(options.tlsKey, key);
    command.child.kill('SIGHUP');
    const said = await command.line(/nothing was reloaded: .*/);
    const { tlsCert, tlsKey } = options;
    const both = `the key in "${tlsKey}" does not fit the certificate in "${tlsCert}"`;
    assert.ok(said[0].includes(both), said[0]);
    for (let i = 0; i < 8; i++) await greeted(t, port, ca);
    writeFileSync(options.tlsCert, cert);
    command.child.kill('SIGHUP');
    await command.line(/reloaded$/);
    for (let i = 0; i < 8; i++) await greeted(t, port, fresh);
    assert.equal(await command.stop(), 0);
  });
}

test('a session of one worker is resumed by another', async (t) => {
  const { options, ca } = tlsFolder(t);
  const port = await freePort(t);
  const listen = [`tls://127.0.0.1:${port}`];
  const settings: Settings = { ...options, listen, loglevel: 'none' };
  const workers = new Workers(settings, 2, () => {}, { program: PICOSOCKS5 });
  await workers.start();
  t.after(() => workers.stop(0));
  assert.deepEqual(workers.addresses, [{ host: '127.0.0.1', port, scheme: 'tls' }]);
  const first = await greeted(t, port, ca, { maxVersion: 'TLSv1.2' });
  const session = first.socket.getSession();
  const seen = new Set<number>();
  while (seen.size < 2) {
    const { socket } = await greeted(t, port, ca, { maxVersion: 'TLSv1.2', session });
    assert.equal(socket.isSessionReused(), true);
    for (const { id } of await workers.connections()) seen.add(id % 2);
  }
});

for (const workers of ['1', '2']) {
  test(`files that only root can read serve until SIGHUP, which is told (${workers})`, {
    skip: notRoot,
  }, async (t) => {
    const { args, options, ca } = tlsFolder(t);
    const port = await freePort(t);
    const drop = ['-u', 'nobody', '-g', 'nogroup', '--workers', workers];
    const command = new Command(t, [...drop, ...args, `tls://127.0.0.1:${port}`]);
    const said = await command.line(/SIGHUP will change nothing: .*/);
    assert.match(said[0], /cannot read the certificate ".*cert\.pem": permission denied/);
    await greeted(t, port, ca);
    if (workers === '2') {
      // Who takes another's place has what the primary process has read.
      const before = command.children();
      for (const worker of before) process.kill(worker, 'SIGKILL');
      while (command.children().filter((pid) => !before.includes(pid)).length < 2) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await greeted(t, port, ca);
    command.child.kill('SIGHUP');
    await command.line(/nothing was reloaded: cannot read the certificate .*permission denied/);
    await greeted(t, port, ca);
    for (const file of [options.tlsCert, options.tlsKey]) chownSync(file, NOBODY, NOBODY);
    command.child.kill('SIGHUP');
    await command.line(/reloaded$/);
    await greeted(t, port, ca);
  });
}

test('what cannot be used is one sentence, and exit status 1', async (t) => {
  const { args, options } = tlsFolder(t);
  const complaint = async (...words: string[]) => {
    const command = new Command(t, words);
    const [line] = await command.line(/^picosocks5: .*/);
    const status = await new Promise((resolve) => command.child.once('close', resolve));
    assert.equal(status, 1, line);
    return line;
  };
  assert.match(await complaint('tls://127.0.0.1:0'), /tls:\/\/ needs --tls-cert FILE/);
  const wrong = ['--tls-cert', options.tlsCert, '--tls-key', options.tlsCert];
  assert.match(await complaint(...wrong, 'tls://127.0.0.1:0'), /there is no private key in/);
  chmodSync(options.tlsKey, 0o600);
  const command = new Command(t, [...args, '127.0.0.1:0']);
  await command.line(/tls-cert and tls-key are not in force/);
});
