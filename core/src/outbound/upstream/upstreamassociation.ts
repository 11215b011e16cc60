import type { Address } from '../../protocol/address.js';
import { type Datagram, encodeDatagramHeader, parseDatagram } from '../../protocol/datagram.js';
import type { Transport, TransportReader } from '../../transport/transport.js';
import type { DatagramLink, Datagrams } from '../outbound.js';

/** When the system asks whether an upstream is still there, s. */
const KEEP_ALIVE = 30;

/** An association at an upstream (RFC 1928 section 7): it lives as long as its connection there. */
export class UpstreamAssociation implements Datagrams, TransportReader {
  closed = false;
  readonly #control: Transport;
  readonly #link: DatagramLink;

  /** @param control on which it was asked for, paused. */
  constructor(control: Transport, link: DatagramLink) {
    this.#control = control;
    this.#link = link;
    control.readTo(this);
    control.keepAlive(KEEP_ALIVE);
    control.resume();
  }

  start(receive: (sender: Address, data: Uint8Array) => void): void {
    this.#link.start((bytes) => {
      const datagram = read(bytes);
      // No server that we know sends fragments; what is one is not whole.
      if (datagram?.fragment === 0) receive(datagram.address, datagram.data);
    });
  }

  send(destination: Address, data: Uint8Array): boolean {
    return !this.closed && this.#link.send([encodeDatagramHeader(destination), data]);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#link.close();
    this.#control.close();
  }

  // The connection: nothing is said on it any more.

  onData(): boolean {
    return true;
  }

  onEnd(): void {
    this.close();
  }

  onDrain(): void {}

  onClose(): void {
    this.close();
  }
}

function read(bytes: Uint8Array): Datagram | undefined {
  try {
    return parseDatagram(bytes);
  } catch {
    return undefined;
  }
}
