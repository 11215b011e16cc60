import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lockout } from '../auth/lockout.js';
import type { PasswordChecker } from '../auth/passwords.js';
import type { Allowances } from '../limits/allowance.js';
import type { Usage } from '../limits/usage.js';
import { Replica, type SharedStateStatus } from '../sharing/replica.js';
import type { SharedCounts } from '../sharing/sharedcounts.js';
import type { SharedState } from '../sharing/sharedstate.js';
import type { Sharing } from '../sharing/sharing.js';

/** How long a server waits at its start for what others that serve the same clients know, ms. */
const REPLICA_TIME = 3000;

/** What of a server is shared with others. */
export interface ReplicationParts {
  readonly counts: SharedCounts;
  readonly allowances: Allowances;
  readonly lockout: Lockout;
  readonly passwords: PasswordChecker;
  /** Whether the server is being closed: it joins nobody any more. */
  isStopping(): boolean;
  warn(message: string): void;
}

/** What a server shares with servers on other machines, while an extension gives a shared state. */
export class Replication {
  readonly #states: Iterable<SharedState>;
  readonly #sharing: Sharing;
  readonly #parts: ReplicationParts;
  #replica: Replica | undefined;

  /**
   * @param states those that there are at any moment: the last is joined.
   * @param sharing what the processes of this machine have in common, the first of which tells.
   */
  constructor(states: Iterable<SharedState>, sharing: Sharing, parts: ReplicationParts) {
    this.#states = states;
    this.#sharing = sharing;
    this.#parts = parts;
  }

  /** How it stands with the shared state, if there is one. */
  get status(): SharedStateStatus | undefined {
    return this.#replica?.status;
  }

  /** Joins the state that there is by now, and leaves the one before. */
  async use(): Promise<void> {
    const { counts } = this.#parts;
    const state = [...this.#states].at(-1);
    if (state === this.#replica?.state) {
      // There may be limits now of what had none.
      counts.credits.claimAll();
      return;
    }
    const before = this.#replica;
    this.#replica = undefined;
    counts.common = undefined;
    await before?.close();
    if (state === undefined || this.#parts.isStopping()) return;
    this.#replica = this.#join(state);
    counts.common = this.#replica;
  }

  #join(state: SharedState): Replica {
    const { firstId, idStep, passwordKey, heardUsage } = this.#sharing;
    const { counts, allowances, lockout, passwords, warn } = this.#parts;
    const isFirst = (firstId - 1) % idStep === 0;
    const parts = {
      allowances,
      lockout,
      setKey: (key: Uint8Array) => passwords.setKey(key),
      heardUsage: (usage: Readonly<Record<string, Usage>>) => isFirst && heardUsage?.(usage),
      origin: createHash('sha256').update(passwordKey).digest('base64url'),
      warn: (message: string) => isFirst && warn(message),
    };
    return new Replica(state, parts, counts.credits);
  }

  /** Waits until it knows what others know, but not for long. */
  async ready(): Promise<void> {
    const late = sleep(REPLICA_TIME, undefined, { ref: false });
    await Promise.race([this.#replica?.ready, late]);
  }

  async close(): Promise<void> {
    await this.#replica?.close();
  }
}
