import { CryptPool } from '../auth/crypt/pool.js';
import { Lockout } from '../auth/lockout.js';
import { PasswordChecker } from '../auth/passwords.js';
import { Users } from '../auth/users.js';
import { monotonic } from '../base/clock.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { allowancesOf, limitsOf, lockoutOf, type State } from '../config/loaded.js';
import type { CheckedOptions } from '../config/settings.js';
import type { Registries } from '../extensions/registries.js';
import { Allowances } from '../limits/allowance.js';
import { ConnectionCounter } from '../limits/limits.js';
import { QuotaFile } from '../limits/quotafile.js';
import { startupLimit } from '../limits/startups.js';
import type { Usage } from '../limits/usage.js';
import type { EventStream } from '../log/events.js';
import { Admission } from '../session/admission.js';
import { SessionTable } from '../session/table.js';
import { SharedCounts } from '../sharing/sharedcounts.js';
import type { Sharing } from '../sharing/sharing.js';
import { CutOff } from './cutoff.js';
import { Listeners } from './listeners.js';
import { Warnings } from './warnings.js';

/** What options come to, and is not in force yet. */
export interface Loaded {
  readonly state: State;
  /** What a quota file says that is not kept yet. */
  readonly usage: Readonly<Record<string, Usage>> | undefined;
}

/**
 * What decides about clients and counts them, and the state by which it does: the options that are
 * in force, replaced as a whole when they are read again. What was counted stays.
 */
export class InForce {
  readonly counts: SharedCounts;
  readonly allowances: Allowances;
  readonly lockout: Lockout;
  readonly passwords: PasswordChecker;
  /** Left out where another process keeps the quota file. */
  readonly quotas: QuotaFile | undefined;
  readonly sessions = new SessionTable();
  readonly admission: Admission;
  readonly listeners: Listeners;
  readonly #counter: ConnectionCounter;
  readonly #warnings: Warnings;
  readonly #cutOff: CutOff;
  readonly #processes: number;
  /** Until users are loaded anew: told when sources have others. */
  #watching: Disposable | undefined;
  #state: State | undefined;

  /** @param options those that will be in force first. */
  constructor(
    options: CheckedOptions,
    registries: Registries,
    events: EventStream,
    sharing: Sharing,
  ) {
    const warn = (message: string) => events.warn(message);
    const processes = sharing.idStep;
    this.#processes = processes;
    this.counts = new SharedCounts(sharing.counts);
    this.allowances = new Allowances(this.counts);
    this.lockout = new Lockout(lockoutOf(options));
    this.passwords = new PasswordChecker(new Users([]), this.lockout, {
      pool: new CryptPool(),
      key: sharing.passwordKey,
      warn,
    });
    this.quotas = sharing.keepsQuotas ? new QuotaFile(this.allowances, warn) : undefined;
    this.#counter = new ConnectionCounter(limitsOf(options), this.counts);
    this.#warnings = new Warnings(sharing, warn);
    this.#cutOff = new CutOff({
      sessions: this.sessions,
      usersOf: (name) => this.#state?.listeners.find((one) => one.name === name)?.users,
      warn,
    });
    const shared = { counter: this.#counter, events };
    this.admission = new Admission({ ...shared, sessions: this.sessions, ids: sharing });
    this.listeners = new Listeners({
      ...shared,
      registries,
      passwords: this.passwords,
      allowances: this.allowances,
      processes,
      trouble: (error) => this.saw(error),
    });
  }

  /** Undefined before there is one, and when all is over. */
  get state(): State | undefined {
    return this.#state;
  }

  /** From now on clients are judged by this state, those that are connected as far as it says so. */
  use({ state, usage }: Loaded): void {
    const { options, users } = state;
    const before = this.#state?.options;
    this.#state?.dispose();
    this.#state = state;
    this.admission.setListeners(this.listeners.use(state));
    this.#counter.limits = limitsOf(options);
    const { maxStartups, maxconn } = options;
    this.admission.startups.limit = startupLimit(maxStartups, maxconn, this.#processes);
    this.#warnings.use(state, before);
    this.lockout.options = lockoutOf(options);
    this.passwords.setUsers(users);
    this.#watchUsers(state);
    this.allowances.configure(allowancesOf(options));
    this.quotas?.keep(options.quotaFile, usage);
  }

  /** Users are loaded anew, and may change meanwhile. */
  #watchUsers({ listeners, options }: State): void {
    this.#watching?.dispose();
    const store = new DisposableStore();
    for (const users of new Set(listeners.map((listener) => listener.users))) {
      const watching = users.onDidChange(() => {
        this.passwords.usersChanged();
        this.#cutOff.usersChanged();
      });
      store.add(watching);
    }
    this.#watching = store;
    this.#cutOff.enabled = options.cutOff;
    this.#cutOff.usersChanged();
  }

  /** Takes the system's error of what a client, or an attempt to accept one, came to grief by. */
  saw(error: unknown): void {
    this.#warnings.saw(error, this.sessions.size);
  }

  /** Looks after connections, and whether there is something to warn of. */
  tick(): void {
    const now = monotonic();
    for (const session of this.sessions) session.tick(now);
    this.#warnings.look(now, this.sessions.size, this.#state?.listeners ?? []);
  }

  /** Follows nothing any more: there are no clients. */
  rest(): void {
    this.#cutOff.dispose();
    this.#watching?.dispose();
    this.#state?.dispose();
  }

  /** Writes what was used for the last time; there is no state any more. */
  async close(): Promise<void> {
    this.#state = undefined;
    await this.quotas?.close();
    await this.passwords.close();
  }
}
