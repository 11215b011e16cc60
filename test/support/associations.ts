import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { startServer } from './server.js';
import { bytes } from './sockets.js';
import { address, request } from './socks.js';
import { UdpPeer } from './udp.js';

const ASSOCIATE = 3;

/** A server with a UDP association, which lasts as long as `control` does, and a peer that uses it. */
export async function associate(t: TestContext, options: ServerOptions) {
  const server = await startServer(t, options);
  const { client, reply } = await request(t, server.port, ASSOCIATE, address('0.0.0.0', 0));
  assert.equal(reply.reply, 0);
  const peer = await UdpPeer.open(t);
  const send = (data: Uint8Array) => peer.send(data, reply.port);
  return { ...server, control: client, peer, send };
}

/** A whole datagram with its header. */
export function datagram(to: Uint8Array, data: string): Buffer {
  return bytes(0, 0, 0, to, data);
}
