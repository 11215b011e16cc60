import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { formatIP } from '#core/protocol/ip.js';
import { bytes, Client, port16 } from './sockets.js';

/** Octets of ATYP, ADDR and PORT for an IPv4 address or a domain name. */
export function address(host: string, port: number): Buffer {
  if (/^[\d.]+$/.test(host))
    return bytes(1, Buffer.from(host.split('.').map(Number)), port16(port));
  return bytes(3, host.length, host, port16(port));
}

/** A client that is connected and has chosen to be anonymous. */
export async function greeted(t: TestContext, port: number, host?: string): Promise<Client> {
  const client = await Client.connect(t, port, host);
  client.send(5, 1, 0);
  assert.deepEqual(await client.read(2), bytes(5, 0));
  return client;
}

export interface ReadReply {
  readonly reply: number;
  readonly host: string;
  readonly port: number;
}

/** Reads a reply of RFC 1928. */
export async function readReply(client: Client): Promise<ReadReply> {
  const [version, reply = -1, reserved, type] = await client.read(4);
  assert.deepEqual([version, reserved], [5, 0]);
  const host = formatIP(await client.read(type === 4 ? 16 : 4));
  return { reply, host, port: (await client.read(2)).readUInt16BE() };
}

/** Makes a request as an anonymous client. */
export async function request(
  t: TestContext,
  port: number,
  command: number,
  destination: Uint8Array,
): Promise<{ client: Client; reply: ReadReply }> {
  const client = await greeted(t, port);
  client.send(5, command, 0, destination);
  return { client, reply: await readReply(client) };
}
