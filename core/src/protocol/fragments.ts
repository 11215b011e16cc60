import type { Datagram } from './datagram.js';

/** How long a sequence may take, ms; RFC 1928 section 7 asks for 5 seconds at least. */
const REASSEMBLY_TIME = 10_000;
/** No UDP datagram carries more data. */
const MAX_DATA = 65_507;
const LAST = 0x80;

/**
 * Puts fragmented datagrams of one client together (RFC 1928 section 7). What does not continue
 * the sequence, comes too late or grows too large drops what was collected.
 */
export class Reassembly {
  /** Fragments that were dropped so far. */
  dropped = 0;
  #parts: Uint8Array[] = [];
  #size = 0;
  #address = '';
  #started = 0;

  /**
   * Takes a datagram with FRAG other than 0.
   *
   * @param now ms.
   * @returns the whole datagram once its last fragment has come.
   */
  add({ fragment, address, data }: Datagram, now: number): Datagram | undefined {
    const position = fragment & ~LAST;
    const destination = `${address.host} ${address.port}`;
    const continues =
      position === this.#parts.length + 1 &&
      destination === this.#address &&
      now - this.#started < REASSEMBLY_TIME;
    if (!continues) {
      this.#drop();
      if (position !== 1) {
        this.dropped++;
        return undefined;
      }
      this.#address = destination;
      this.#started = now;
    }
    this.#size += data.length;
    if (this.#size > MAX_DATA) {
      this.dropped++;
      this.#drop();
      return undefined;
    }
    this.#parts.push(Uint8Array.from(data));
    if ((fragment & LAST) === 0) return undefined;
    const whole = Buffer.concat(this.#parts, this.#size);
    this.#forget();
    return { fragment: 0, address, data: whole };
  }

  #drop(): void {
    this.dropped += this.#parts.length;
    this.#forget();
  }

  #forget(): void {
    this.#parts = [];
    this.#size = 0;
    this.#address = '';
  }
}
