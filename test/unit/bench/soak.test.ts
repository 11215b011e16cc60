import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Traffic } from '../../bench/soak/traffic.js';
import { environmentFor, TRANSPORTS, transportIn } from '../../bench/soak/transports.js';
import { verdict } from '../../bench/soak/verdict.js';
import { tlsFolder } from '../../support/certificates.js';
import { startServer } from '../../support/server.js';
import { serve } from '../../support/sockets.js';

const SEED = 7;
/** Octets of the answers in a handshake, and some more. */
const BEGINNING = 100;

/** Traffic through a server, and what is between it and its clients. */
async function soaked(t: TestContext, port: number): Promise<Traffic> {
  const traffic = await Traffic.start(SEED, port);
  t.after(() => traffic.stop());
  await traffic.run(8, 500);
  return traffic;
}

/** A server whose answers come through somebody who does something to them after a beginning. */
async function tampered(
  t: TestContext,
  tamper: (chunk: Buffer, near: Socket) => void,
): Promise<Traffic> {
  const { port } = await startServer(t);
  const between = await serve(t, (near) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    far.on('error', () => near.destroy());
    near.pipe(far);
    let count = 0;
    far.on('data', (chunk: Buffer) => {
      count += chunk.length;
      if (count > BEGINNING) tamper(chunk, near);
      if (!near.destroyed) near.write(chunk);
    });
    far.on('end', () => near.end());
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
  });
  return soaked(t, between);
}

/** It looks at a server through /proc, so its traffic is for Linux. */
const skip = process.platform === 'linux' ? false : 'Linux only';

describe('the soak', () => {
  test('finds nothing wrong with a server that loses nothing', { skip }, async (t) => {
    const { port } = await startServer(t);
    const { count, faults } = await soaked(t, port);
    assert.deepEqual(faults, []);
    assert.ok(count.connections >= 8 && count.bytes > 0);
  });

  test('has TLS and HTTP in its traffic, where that loses nothing either', { skip }, async (t) => {
    const { options } = tlsFolder(t);
    const { server } = await startServer(t, {
      ...options,
      listen: ['127.0.0.1:0', 'tls://127.0.0.1:0'],
    });
    const [plain, tls] = server.addresses;
    const traffic = await Traffic.start(SEED, plain?.port ?? 0, tls?.port);
    t.after(() => traffic.stop());
    const hasAll = () => {
      const { tls: secured, tunnels, requests, bytes } = traffic.count;
      return secured >= 2 && tunnels >= 1 && requests >= 2 && bytes > 0;
    };
    // A busy machine may not get far in that time.
    for (let i = 0; i < 10 && !hasAll(); i++) await traffic.run(8, 1500);
    assert.deepEqual(traffic.faults, []);
    assert.ok(hasAll(), JSON.stringify(traffic.count));
  });

  test('finds an octet that was changed', { skip }, async (t) => {
    const { faults } = await tampered(t, (chunk) => {
      chunk[chunk.length - 1] = (chunk.at(-1) ?? 0) ^ 1;
    });
    assert.match(faults.join('\n'), /other data near byte \d+/);
  });

  test('finds a connection that was cut', { skip }, async (t) => {
    const { faults } = await tampered(t, (_chunk, near) => near.destroy());
    assert.match(faults.join('\n'), /closed without an end|EPIPE|ECONNRESET/);
  });

  const well = { memory: [100_000, 110_000], files: [20, 20], faults: [] } as const;

  test('is content with memory that is nearly what it was, and fewer files', () => {
    assert.deepEqual(verdict(well), []);
    assert.deepEqual(verdict({ ...well, memory: undefined }), []);
    assert.deepEqual(verdict({ ...well, memory: [20_000, 36_000], files: [20, 19] }), []);
  });

  test('says what is wrong', () => {
    assert.deepEqual(verdict({ memory: [100_000, 121_000], files: [20, 22], faults: ['x'] }), [
      '1 connections lost or corrupted data',
      '2 more files are open than before',
      'memory has grown from 100000 to 121000 KB',
    ]);
  });

  for (const transport of TRANSPORTS) {
    test(`runs a server with the transport on ${transport}`, () => {
      assert.equal(transportIn(process.execPath, environmentFor(transport)), transport);
    });
  }
});
