import type { Socket } from 'node:dgram';
import type { Address } from '../../protocol/address.js';
import { isFull, openUdpSocket } from '../../transport/udpsocket.js';
import type { DatagramLink, Datagrams } from '../outbound.js';

/**
 * A way for datagrams straight to an address: the system keeps those of others away.
 *
 * @param relay an IP address and a port.
 * @throws the system's error.
 */
export async function openUdpLink({ host, port }: Address): Promise<DatagramLink> {
  const socket = await openUdpSocket(host.includes(':') ? '::' : '0.0.0.0', 0);
  try {
    await connectTo(socket, port, host);
  } catch (error) {
    socket.close();
    throw error;
  }
  let closed = false;
  return {
    start: (receive) => {
      socket.on('message', receive);
    },
    send: (parts) => {
      if (closed || isFull(socket)) return false;
      socket.send([...parts], () => {});
      return true;
    },
    close: () => {
      if (!closed) socket.close();
      closed = true;
    },
  };
}

function connectTo(socket: Socket, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.connect(port, host, (error?: Error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}

/** A way for datagrams to an address by another one, whose answers come from that address. */
export function linkThrough(datagrams: Datagrams, { host, port }: Address): DatagramLink {
  return {
    start: (receive) =>
      datagrams.start((sender, data) => {
        if (sender.host === host && sender.port === port) receive(data);
      }),
    send: (parts) => datagrams.send({ host, port }, Buffer.concat(parts)),
    close: () => datagrams.close(),
  };
}
