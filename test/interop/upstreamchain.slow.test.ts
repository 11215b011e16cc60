import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tlsFolder } from '../support/certificates.js';
import { Command } from '../support/command.js';
import { type Client, serve } from '../support/sockets.js';
import { address, assertEcho, connected, greeted, readReply } from '../support/socks.js';

const SIZE = 1024 ** 3;
const CHUNK = randomBytes(256 * 1024);

/** A server that echoes what begins with E, and else sends 1 GiB. @returns its port. */
async function source(t: TestContext): Promise<{ port: number; checksum: Promise<string> }> {
  let tell: (checksum: string) => void;
  const checksum = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const port = await serve(t, (socket) => {
    socket.once('data', async (first) => {
      if (first[0] === 'e'.charCodeAt(0)) {
        socket.write(first);
        socket.pipe(socket);
        return;
      }
      const hash = createHash('sha256');
      for (let sent = 0; sent < SIZE && !socket.destroyed; sent += CHUNK.length) {
        CHUNK.writeUInt32BE(sent / CHUNK.length);
        hash.update(CHUNK);
        // The next one is written over this one's octets.
        if (!socket.write(Buffer.from(CHUNK))) await drained(socket);
      }
      tell(hash.digest('hex'));
      socket.end();
    });
  });
  return { port, checksum };
}

/** Waits until more may be written, or nobody reads any more. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

/** Downloads to the end. @param halfway called when half of it has come. */
async function download(client: Client, halfway: () => void): Promise<[number, string]> {
  const { socket } = client;
  const hash = createHash('sha256');
  let got = 0;
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    const before = got;
    got += chunk.length;
    hash.update(chunk);
    if (before < SIZE / 2 && got >= SIZE / 2) halfway();
  });
  socket.write('give');
  await Promise.race([once(socket, 'end').catch(() => {}), client.closed()]);
  return [got, hash.digest('hex')];
}

test('slow: 1 GiB through a chain of two, the second over TLS, while the first ends: the fallback takes the next', async (t) => {
  const { port: destination, checksum } = await source(t);
  const { folder, args } = tlsFolder(t, { names: ['127.0.0.1'] });
  const first = new Command(t, ['--grace', '100', '127.0.0.1:0']);
  const second = new Command(t, [...args, 'tls://127.0.0.1:0']);
  const backup = new Command(t, ['127.0.0.1:0']);
  const [at1, at2, at3] = [await first.port(), await second.port(), await backup.port()];
  const config = join(folder, 'chain.ini');
  const lines = [
    'via = second | backup',
    '[upstream:first]',
    `url = socks5://127.0.0.1:${at1}`,
    '[upstream:second]',
    `url = socks5+tls://127.0.0.1:${at2}`,
    'tls-ca = ca.pem',
    'through = first',
    '[upstream:backup]',
    `url = socks5://127.0.0.1:${at3}`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const proxy = new Command(t, ['-c', config, '127.0.0.1:0']);
  const port = await proxy.port();

  const flow = await connected(t, port, destination);
  const next = async () => {
    const client = await connected(t, port, destination);
    await assertEcho(client, 'echo');
    client.socket.end();
    return client.readAll();
  };
  let nextOne: Promise<unknown> | undefined;
  const [got, sum] = await download(flow, () => {
    // It accepts nobody any more, and lets those who are there finish.
    first.child.kill('SIGTERM');
    nextOne = first.line(/stopped/).then(next);
  });
  flow.socket.end();
  assert.deepEqual([got, sum], [SIZE, await checksum]);
  assert.notEqual(nextOne, undefined);
  await nextOne;
  await proxy.line(/warn.* upstream second cannot be used: upstream first cannot be used/);
  await proxy.line(/closed #2 .* via=backup /);
  await proxy.line(/closed #1 .* via=second up=4 down=1073741824 .*reason=finished/);
  await second.line(/closed #1 .*down=1073741824 .*reason=finished/);
  await first.line(/closed #1 .*reason=finished/);
});

test('a flow whose upstream is killed ends, and the fallback takes the next at once', async (t) => {
  const { port: destination } = await source(t);
  const first = new Command(t, ['127.0.0.1:0']);
  const backup = new Command(t, ['127.0.0.1:0']);
  const ways = [await first.port(), await backup.port()].map((at) => `socks5://127.0.0.1:${at}`);
  const proxy = new Command(t, ['--via', ways.join('|'), '127.0.0.1:0']);
  const port = await proxy.port();
  const flow = await connected(t, port, destination);
  const [got] = await download(flow, () => first.child.kill('SIGKILL'));
  flow.socket.destroy();
  assert.ok(got < SIZE);
  const client = await greeted(t, port);
  client.send(5, 1, 0, address('127.0.0.1', destination));
  assert.equal((await readReply(client)).reply, 0);
  await assertEcho(client);
  client.socket.end();
  await proxy.line(/closed #1 /);
  await proxy.line(new RegExp(`closed #2 .* via=${ways[1]} `));
});
