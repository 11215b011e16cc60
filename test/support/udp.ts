import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { listenAtEach } from './addresses.js';

/** A UDP socket on loopback that ends with the test, and what it has received. */
export class UdpPeer {
  readonly socket: Socket;
  readonly #received: { data: Buffer; from: RemoteInfo }[] = [];
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (data, from) => {
      this.#received.push({ data, from });
      this.#wake?.();
    });
  }

  static async open(t: TestContext, host = '127.0.0.1', port = 0): Promise<UdpPeer> {
    const socket = createSocket({
      type: host.includes(':') ? 'udp6' : 'udp4',
      recvBufferSize: 1024 * 1024,
    });
    t.after(() => socket.close());
    socket.bind(port, host);
    await once(socket, 'listening');
    return new UdpPeer(socket);
  }

  /** A peer that sends back what it gets. */
  static async echo(t: TestContext, host = '127.0.0.1', port = 0): Promise<UdpPeer> {
    const peer = await UdpPeer.open(t, host, port);
    peer.socket.on('message', (data, { port, address }) => peer.socket.send(data, port, address));
    return peer;
  }

  /** Peers that send back what they get, at each address of a name. @returns their port. */
  static async echoAt(t: TestContext, name: string): Promise<number> {
    const sockets = await listenAtEach(name, async (host, port) => {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      socket.bind(port, host);
      await once(socket, 'listening');
      return socket;
    });
    for (const socket of sockets) {
      t.after(() => socket.close());
      socket.on('message', (data, { port, address }) => socket.send(data, port, address));
    }
    return sockets[0].address().port;
  }

  get port(): number {
    return this.socket.address().port;
  }

  send(data: Uint8Array, port: number, host = '127.0.0.1'): void {
    this.socket.send(data, port, host);
  }

  /** The next datagram, one that has come or one to come. */
  async receive(): Promise<{ data: Buffer; from: RemoteInfo }> {
    for (;;) {
      const next = this.#received.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
