import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { temporaryDirectory } from '../support/files.js';
import { run } from '../support/programs.js';
import { v1 } from '../support/proxyheader.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, serve } from '../support/sockets.js';
import { address, assertEcho, connectTo, readReply } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';

const skip = process.platform === 'win32' ? 'no UNIX sockets on Windows' : undefined;
const root = process.getuid?.() === 0 ? undefined : 'needs root';

const modeOf = (path: string) => statSync(path).mode & 0o777;

async function greeted(t: TestContext, path: string): Promise<Client> {
  const client = await Client.connectPath(t, path);
  client.send(5, 1, 0);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  return client;
}

/** A UNIX socket that a program has left behind which is there no more. */
async function leaveBehind(t: TestContext, path: string): Promise<void> {
  const program = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  await run(t, process.execPath, ['-e', program, path]);
  assert.ok(lstatSync(path).isSocket());
}

async function listenAt(t: TestContext, path: string): Promise<Server> {
  const server = createServer().listen(path);
  t.after(() => server.close());
  await once(server, 'listening');
  return server;
}

describe('a UNIX socket', { skip }, () => {
  test('serves clients, who count as 127.0.0.1', async (t) => {
    const echo = await echoServer(t);
    const path = join(temporaryDirectory(t), 'socket');
    const listen = [`unix:${path}`];
    const { server, event } = await startServer(t, { listen, maxconnPerAddress: 2 });
    assert.deepEqual(server.addresses, [{ host: `unix:${path}`, port: 0 }]);
    const client = await greeted(t, path);
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
    await assertEcho(client, 'x'.repeat(1_000_000));
    assert.deepEqual((await event('connection')).client, { host: '127.0.0.1', port: 0 });
    await greeted(t, path);
    await (await Client.connectPath(t, path)).readAll();
    assert.equal((await event('rejected')).reason, 'too-many-connections');
    client.socket.end();
    assert.equal((await client.readAll()).length, 0);
    assert.equal((await event('closed')).reason, 'finished');
  });

  test('half-close and reset, as over TCP', async (t) => {
    const path = join(temporaryDirectory(t), 'socket');
    const { event } = await startServer(t, { listen: [`unix:${path}`] });
    const answering = await serve(t, (socket) => {
      socket.on('data', () => {}).once('end', () => socket.end('all of it'));
    });
    const client = await greeted(t, path);
    assert.equal((await connectTo(client, '127.0.0.1', answering)).reply, 0);
    client.send('question').socket.end();
    assert.equal((await client.readAll()).toString(), 'all of it');
    assert.equal((await event('closed')).reason, 'finished');

    const resetting = await serve(t, (socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    const other = await greeted(t, path);
    assert.equal((await connectTo(other, '127.0.0.1', resetting)).reply, 0);
    other.send('x');
    await other.readAll();
    assert.equal((await event('closed', ({ id }) => id === 2)).reason, 'remote-reset');
  });

  test('network rules are about 127.0.0.1', async (t) => {
    const path = join(temporaryDirectory(t), 'socket');
    const { event } = await startServer(t, { listen: [`unix:${path}`], network: ['192.0.2.0/24'] });
    await (await Client.connectPath(t, path)).readAll();
    assert.equal((await event('rejected')).reason, 'not-allowed');
  });

  test('UDP ASSOCIATE and BIND are those of a client on this machine', async (t) => {
    const path = join(temporaryDirectory(t), 'socket');
    await startServer(t, { listen: [`unix:${path}`] });
    const peer = await UdpPeer.open(t);
    const client = await greeted(t, path);
    client.send(5, 3, 0, address('0.0.0.0', 0));
    const { reply, host, port } = await readReply(client);
    assert.deepEqual([reply, host], [0, '127.0.0.1']);
    const own = await UdpPeer.open(t);
    own.send(bytes(0, 0, 0, address('127.0.0.1', peer.port), 'hello'), port);
    assert.equal((await peer.receive()).data.toString(), 'hello');

    const binding = await greeted(t, path);
    binding.send(5, 2, 0, address('127.0.0.1', 1));
    const bound = await readReply(binding);
    assert.deepEqual([bound.reply, bound.host], [0, '127.0.0.1']);
    const called = await Client.connect(t, bound.port);
    assert.equal((await readReply(binding)).reply, 0);
    called.send('called');
    assert.equal((await binding.read(6)).toString(), 'called');
  });

  test('is for its owner alone, unless told otherwise, and removed at the end', async (t) => {
    const folder = temporaryDirectory(t);
    const [path, other] = [join(folder, 'one'), join(folder, 'other')];
    const one = await startServer(t, { listen: [`unix:${path}`] });
    assert.equal(modeOf(path), 0o600);
    await startServer(t, { listen: [`unix:${other}`], unixMode: '0666' });
    assert.equal(modeOf(other), 0o666);
    await one.server.close();
    assert.ok(!existsSync(path));
  });

  test('has the owner that is asked for', { skip: root }, async (t) => {
    const folder = temporaryDirectory(t);
    for (const [i, [unixOwner, uid, gid]] of (
      [
        ['65534', 65534, 0],
        ['1:2', 1, 2],
        ['nobody', 65534, 0],
        ['nobody:', 65534, 65534],
        [':daemon', 0, 1],
        ['daemon:nogroup', 1, 65534],
      ] as const
    ).entries()) {
      const path = join(folder, `socket${i}`);
      await startServer(t, { listen: [`unix:${path}`], unixOwner });
      const stats = statSync(path);
      assert.deepEqual([stats.uid, stats.gid], [uid, gid], unixOwner);
    }
    const listen = [`unix:${join(folder, 'x')}`];
    for (const unixOwner of ['no-such-user', 'nobody:no-such-group']) {
      const failing = startServer(t, { listen, unixOwner });
      await assert.rejects(failing, { name: 'UserError', message: /there is no (user|group)/ });
    }
  });

  test('that was left behind is replaced, and nothing else', async (t) => {
    const folder = temporaryDirectory(t);
    const path = join(folder, 'socket');
    await leaveBehind(t, path);
    const first = await startServer(t, { listen: [`unix:${path}`] });
    await greeted(t, path);
    await assert.rejects(startServer(t, { listen: [`unix:${path}`] }), {
      ...{ name: 'UserError', code: 'address-in-use' },
      message: `cannot listen on unix:${path}: address already in use (another program answers there)`,
    });
    await greeted(t, path);
    await first.server.close();

    const file = join(folder, 'file');
    writeFileSync(file, 'precious');
    const link = join(folder, 'link');
    symlinkSync(path, link);
    for (const taken of [file, link, folder]) {
      const failing = startServer(t, { listen: [`unix:${taken}`] });
      await assert.rejects(failing, { name: 'UserError', message: /no socket.*left alone/ });
    }
    assert.equal(readFileSync(file, 'utf8'), 'precious');
    assert.ok(lstatSync(link).isSymbolicLink());
  });

  test('of somebody who does not speak to us is in use', async (t) => {
    const path = join(temporaryDirectory(t), 'socket');
    await listenAt(t, path);
    const failing = startServer(t, { listen: [`unix:${path}`] });
    await assert.rejects(failing, { code: 'address-in-use' });
  });

  test('what cannot be is said', async (t) => {
    const folder = temporaryDirectory(t);
    const cases: [string, RegExp][] = [
      ['unix:', /expected unix:PATH/],
      [`unix:${folder}/`, /expected unix:PATH/],
      ['unix:@name', /neither mode nor owner/],
      [`unix:${folder}/${'x'.repeat(100)}`, /octets at most, and this one/],
      [`unix:${folder}/missing/socket`, /no such file or directory/],
    ];
    for (const [endpoint, message] of cases) {
      const failing = startServer(t, { listen: [endpoint] });
      await assert.rejects(failing, { name: 'UserError', message }, endpoint);
    }
    for (const unixMode of ['', '600a', '9', '1777', '0888']) {
      await assert.rejects(startServer(t, { unixMode }), /^UserError: unixMode: /, unixMode);
    }
    for (const unixOwner of [':', 'a:b:c']) {
      await assert.rejects(startServer(t, { unixOwner }), /^UserError: unixOwner: /, unixOwner);
    }
  });

  test('comes, goes and changes with a reload', async (t) => {
    const folder = temporaryDirectory(t);
    const [one, other] = [join(folder, 'one'), join(folder, 'other')];
    const { server } = await startServer(t, { listen: [`unix:${one}`] });
    const before = await greeted(t, one);
    await server.reload({ listen: [`unix:${one}`, `unix:${other}`], unixMode: '0660' });
    assert.deepEqual([modeOf(one), modeOf(other)], [0o660, 0o660]);
    await greeted(t, one);
    await greeted(t, other);
    await server.reload({ listen: [`unix:${other}`] });
    assert.ok(!existsSync(one));
    assert.equal(modeOf(other), 0o600);
    await greeted(t, other);
    const echo = await echoServer(t);
    assert.equal((await connectTo(before, '127.0.0.1', echo)).reply, 0);
  });

  test('of a balancer begins with a header', async (t) => {
    const path = join(temporaryDirectory(t), 'socket');
    const listen = [`unix:${path}`];
    const { event, server } = await startServer(t, { listen, proxyProtocol: ['unix'] });
    const client = await Client.connectPath(t, path);
    client.send(v1('192.0.2.7', 9), 5, 1, 0);
    assert.deepEqual(await client.read(2), bytes(5, 0));
    assert.equal((await event('connection')).client.host, '192.0.2.7');
    const bare = await Client.connectPath(t, path);
    bare.send(5, 1, 0);
    await bare.readAll();
    await server.reload({ listen, proxyProtocol: ['127.0.0.0/8'] });
    await greeted(t, path);
  });
});
