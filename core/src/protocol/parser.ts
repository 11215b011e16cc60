/** A message read from the start of the bytes, and the number of bytes it took. */
export interface Parsed<T> {
  readonly value: T;
  readonly length: number;
}

/**
 * Reads one message from the start of `bytes`.
 *
 * @returns undefined while bytes are missing: call again with more of them.
 * @throws {ProtocolError} if no further byte could make it a valid message.
 */
export type Parser<T> = (bytes: Uint8Array) => Parsed<T> | undefined;

/** The peer broke the protocol. */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError';
}
