import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What may wait for a socket to take it, bytes. */
const MAX_QUEUE = 256 * 1024;
const BUFFER_SIZE = 1024 * 1024;

/**
 * A UDP socket for datagrams of strangers: no bigger, and its errors go unnoticed.
 *
 * @param host an IP address of this machine.
 * @param port 0: whichever the system picks.
 * @throws the system's error.
 */
export async function openUdpSocket(host: string, port: number): Promise<Socket> {
  const ipv6 = host.includes(':');
  const socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    recvBufferSize: BUFFER_SIZE,
    sendBufferSize: BUFFER_SIZE,
    // Only IP addresses are sent to: there is nothing to look up.
    lookup: (address, _options, callback) => callback(null, address, ipv6 ? 6 : 4),
  });
  try {
    const listening = once(socket, 'listening');
    socket.bind({ address: host, port, exclusive: true });
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', () => {});
  return socket;
}

/** Whether so much waits to be sent that more is to be dropped. */
export function isFull(socket: Socket): boolean {
  return socket.getSendQueueSize() > MAX_QUEUE;
}
