import { Random } from './random.js';

const LARGEST = 20_000_000;

/** What one end of a connection does. */
export interface Part {
  /** Bytes that it sends; {@link expected} says which. */
  readonly size: number;
  readonly offset: number;
  /** Largest write, bytes. */
  readonly chunk: number;
  /** Probability of a pause after a write. */
  readonly pauses: number;
  /** Whether it sends only when the other end has finished. */
  readonly waits: boolean;
  /** Whether it reads slowly. */
  readonly slow: boolean;
  /** After how many bytes, sent and received, it resets the connection. */
  readonly resetAfter: number | undefined;
}

/** What happens on one connection. */
export interface Plan {
  readonly id: number;
  /** Octets of the handshake after which the client goes away again; undefined: it does not. */
  readonly givesUp: number | undefined;
  readonly client: Part;
  readonly target: Part;
}

/** What connection number `id` does: the same for the same seed. */
export function planOf(seed: number, id: number): Plan {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(id, 0x85ebca6b));
  const size = () => (random.chance(0.1) ? 0 : Math.floor(LARGEST ** random.next()));
  const sizes = [size(), size()] as const;
  const resets = random.chance(0.15) ? random.below(2) : undefined;
  const waits = random.chance(0.5) ? random.below(2) : undefined;
  const part = (i: 0 | 1): Part => ({
    size: sizes[i],
    offset: random.below(2 ** 30),
    chunk: 1 + random.below(4 ** random.below(10)),
    pauses: random.chance(0.3) ? 0.05 : 0,
    waits: waits === i,
    slow: random.chance(0.2),
    resetAfter: resets === i ? random.below(sizes[0] + sizes[1] + 1) : undefined,
  });
  const [client, target] = [part(0), part(1)];
  // Chunks of a few bytes are for small transfers only.
  const chunk = (one: Part): Part => ({ ...one, chunk: Math.max(one.chunk, one.size >> 10) });
  return {
    id,
    givesUp: random.chance(0.03) ? random.below(13) : undefined,
    client: chunk(client),
    target: chunk(target),
  };
}

const pool = Buffer.alloc(4_000_037);
const filling = new Random(1);
for (let i = 0; i < pool.length; i++) pool[i] = filling.below(256);

/** The bytes that one end sends from a position on: as many as asked for, or fewer. */
export function expected({ offset }: Part, position: number, length: number): Buffer {
  const start = (offset + position) % pool.length;
  return pool.subarray(start, start + length);
}
