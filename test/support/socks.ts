import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { formatIP, parseIP } from '#core/protocol/ip.js';
import { bytes, Client, port16 } from './sockets.js';

/** Octets of ATYP, ADDR and PORT for an IP address or a domain name. */
export function address(host: string, port: number): Buffer {
  const ip = parseIP(host);
  if (ip === undefined) return domain(host, port);
  return bytes(ip.length === 4 ? 1 : 4, ip, port16(port));
}

/** Octets of ATYP, ADDR and PORT for a domain name, or for what stands in its place. */
export function domain(name: string, port: number): Buffer {
  return bytes(3, name.length, name, port16(port));
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

/** Makes a CONNECT request as a client that has got as far as that. */
export async function connectTo(client: Client, host: string, port: number): Promise<ReadReply> {
  client.send(5, 1, 0, address(host, port));
  return readReply(client);
}

/** An anonymous client that is connected to a port of 127.0.0.1. */
export async function connected(t: TestContext, proxy: number, port: number): Promise<Client> {
  const client = await greeted(t, proxy);
  assert.equal((await connectTo(client, '127.0.0.1', port)).reply, 0);
  return client;
}

/** Asserts that data gets through to an echo server and back. */
export async function assertEcho(client: Client, data = 'echo'): Promise<void> {
  assert.equal((await client.send(data).read(data.length)).toString(), data);
}

/** Logs in with name and password (RFC 1929). @returns the client, and the status: 0 for success. */
export async function login(
  t: TestContext,
  port: number,
  user: string,
  password: string,
  from?: string,
): Promise<{ client: Client; status: number }> {
  const client = await Client.connect(t, port, '127.0.0.1', from);
  client.send(5, 1, 2);
  assert.deepEqual(await client.read(2), bytes(5, 2));
  const [name, word] = [Buffer.from(user), Buffer.from(password)];
  client.send(1, name.length, name, word.length, word);
  const [version, status = -1] = await client.read(2);
  assert.equal(version, 1);
  return { client, status };
}
