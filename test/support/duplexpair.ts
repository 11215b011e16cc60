import { Duplex } from 'node:stream';

class Half extends Duplex {
  other: Half | undefined;
  #wanted: (() => void) | undefined;

  override _read(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    const { other } = this;
    if (other === undefined || other.push(chunk)) done();
    else other.#wanted = done;
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wanted?.();
    if (this.other !== undefined && !this.other.destroyed) this.other.destroy();
    done(error);
  }
}

/** Two ends of a stream in memory: what is written to one is read from the other. */
export function duplexPair(): [near: Duplex, far: Duplex] {
  const [near, far] = [new Half(), new Half()];
  near.other = far;
  far.other = near;
  return [near, far];
}
