import type { Socket } from 'node:net';
import { UserError } from 'picosocks5';

/** A way to the control interface of a server elsewhere. */
export interface Link {
  /** Connects to the control interface. @throws why it cannot. */
  connect(): Promise<Socket>;
  /** What the server is asked as, by HTTP's Host. */
  readonly host: string;
  /** Settled when the link is over, with the reason. */
  readonly lost: Promise<string>;
  close(): void;
}

/**
 * There can be no link before something is changed: to try once more would be of no use, and who
 * tries too often to log in is shut out.
 */
export class RefusedError extends UserError {}
