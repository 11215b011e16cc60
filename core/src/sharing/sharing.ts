import { randomBytes } from 'node:crypto';
import type { Lockout } from '../auth/lockout.js';
import type { Allowances } from '../limits/allowance.js';
import { type Counts, LocalCounts } from '../limits/counts.js';
import type { Usage } from '../limits/usage.js';
import type { BoundSockets } from '../listening/listeningsocket.js';
import type { Mailbox } from './mail.js';

/** What the processes have in common that serve the same clients. */
export interface Sharing {
  readonly counts: Counts;
  /** What digests of passwords are made with. */
  readonly passwordKey: Uint8Array;
  /** Ids of connections: this one, and every so many. */
  readonly firstId: number;
  readonly idStep: number;
  /** Whether this process keeps the quota file. */
  readonly keepsQuotas: boolean;
  /** Where its listening sockets come from, if it does not bind them itself. */
  readonly sockets?: BoundSockets;
  /** What TLS encrypts session tickets with. */
  readonly ticketKeys?: Uint8Array;
  /** Reads a file of users, or of TLS, where that is not up to this process alone. */
  readonly readFile?: (file: string) => Promise<Buffer>;
  /** Has the configuration of all processes read again; the server reloads itself if it is left out. */
  readonly reload?: () => Promise<void>;
  /** Where what extensions tell each other comes from, and goes to. */
  readonly mail: Mailbox;
  /** Takes what the servers of several machines have used, so that whoever keeps it knows. */
  readonly heardUsage?: (usage: Readonly<Record<string, Usage>>) => void;
  /** Takes the parts of a server whose state is shared. */
  attach(parts: { readonly allowances: Allowances; readonly lockout: Lockout }): void;
}

/** A server that is the only process. */
export function alone(): Sharing {
  return {
    counts: new LocalCounts(),
    passwordKey: randomBytes(32),
    firstId: 1,
    idStep: 1,
    keepsQuotas: true,
    mail: { post() {}, onMail() {} },
    attach() {},
  };
}
