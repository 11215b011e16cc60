import { withDeadline } from '../base/awaitable.js';
import { messageOf, UserError } from '../base/errors.js';
import { Sequence } from '../base/sequence.js';
import { TellLimit } from '../base/telllimit.js';
import type { Tally } from './status.js';
import { datagramsTo, type SendAssignments } from './unixdatagrams.js';

/** How often the status line is made anew, ms. */
const STATUS_INTERVAL = 5000;

/** How long whoever serves has to say that it does, ms, where there is no watchdog. */
const ANSWER_TIME = 5000;

/** How often trouble is told, ms. */
const TELL_INTERVAL = 60_000;

/** What the environment says of a service manager that wants to be told how this process is. */
export interface Supervision {
  readonly address: string;
  /** How soon after the last word of life the process is taken for dead, ms; undefined: never. */
  readonly watchdog: number | undefined;
  /** Whether this process has taken the place of the one that the manager started. */
  readonly isSuccessor: boolean;
}

/** Who serves: what a service manager wants to know of it. */
export interface Supervised {
  /** What there is to be served at this moment; it is settled only while all answer. */
  tally(): Promise<Tally>;
}

/**
 * Takes what a service manager says of itself out of the environment (sd_notify(3),
 * sd_watchdog_enabled(3)), so that no process that this one starts takes it for its own.
 *
 * @returns undefined if there is none that wants to be told.
 * @param isSuccessor whether this process has taken the place of the one that the manager started.
 */
export function takeSupervision(
  isSuccessor: boolean,
  env: NodeJS.ProcessEnv = process.env,
): Supervision | undefined {
  const { NOTIFY_SOCKET: address, WATCHDOG_USEC = '', WATCHDOG_PID = '' } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (address === undefined || address === '') return undefined;
  const isOwn = isSuccessor || WATCHDOG_PID === '' || WATCHDOG_PID === String(process.pid);
  const time = /^\d{1,15}$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) / 1000 : 0;
  return { address, watchdog: isOwn && time > 0 ? time : undefined, isSuccessor };
}

/** Tells the service manager that has started this process how it is, if there is one: systemd. */
export class ServiceManager {
  /** undefined: there is nobody to tell. */
  readonly #send: SendAssignments | undefined;
  readonly #supervision: Supervision | undefined;
  readonly #warn: (message: string) => void;
  readonly #tellLimit = new TellLimit(1, TELL_INTERVAL);
  /** Messages keep their order. */
  readonly #messages = new Sequence();
  readonly #timers: NodeJS.Timeout[] = [];
  #service: Supervised | undefined;
  #status = '';

  private constructor(
    supervision: Supervision | undefined,
    send: SendAssignments | undefined,
    warn: (message: string) => void,
  ) {
    this.#supervision = supervision;
    this.#send = send;
    this.#warn = warn;
  }

  /**
   * Finds a way to tell it.
   *
   * @param supervision undefined: there is no service manager, and nobody is told.
   * @param warn told what keeps the manager from being told, once a minute.
   */
  static async reach(
    supervision: Supervision | undefined,
    warn: (message: string) => void,
  ): Promise<ServiceManager> {
    let send: SendAssignments | undefined;
    try {
      send = supervision && (await datagramsTo(supervision.address));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      warn(error.message);
    }
    return new ServiceManager(supervision, send, warn);
  }

  /** It serves: from now on its status is told, and that it lives, for as long as the process does. */
  async ready(service: Supervised): Promise<void> {
    const { isSuccessor, watchdog } = this.#supervision ?? {};
    if (this.#send === undefined) return;
    this.#service = service;
    const pid = isSuccessor ? [`MAINPID=${process.pid}`] : [];
    await this.#tell(['READY=1', ...pid, ...(await this.#news())]);
    const every = (time: number, tell: () => Promise<void>) =>
      this.#timers.push(setInterval(() => void tell(), time).unref());
    every(STATUS_INTERVAL, () => this.#tellStatus());
    if (watchdog !== undefined) every(watchdog / 2, () => this.#tellLife(watchdog / 2));
  }

  /** It begins to read its configuration again, or to have another process take its place. */
  async reloading(): Promise<void> {
    const now = process.hrtime.bigint() / 1000n;
    await this.#tell(['RELOADING=1', `MONOTONIC_USEC=${now}`]);
  }

  /** It has read it, and goes on in any case. */
  async reloaded(): Promise<void> {
    await this.#tell(['READY=1', ...(await this.#news())]);
  }

  /**
   * Another process has taken its place, which tells all that follows. It is said here since a
   * manager may listen to the main process alone.
   */
  async replaced(pid: number): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#tell([`MAINPID=${pid}`, 'READY=1']);
  }

  /** It begins to stop. */
  async stopping(): Promise<void> {
    await this.#tell(['STOPPING=1']);
  }

  #tell(assignments: readonly string[]): Promise<void> {
    const send = this.#send;
    if (send === undefined) return Promise.resolve();
    return this.#messages.run(async () => {
      try {
        await send(assignments);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.#trouble(`the service manager cannot be told ${assignments[0]}: ${error.message}`);
      }
    });
  }

  #trouble(message: string): void {
    if (this.#tellLimit.take() !== undefined) this.#warn(message);
  }

  /** The status, if it is another than the last. */
  async #news(): Promise<string[]> {
    const tally = await this.#tally(ANSWER_TIME).catch(() => undefined);
    if (tally === undefined) return [];
    const { connections, users } = tally;
    const status = `${counted(connections, 'connection')}, ${counted(users.size, 'user')}`;
    if (status === this.#status) return [];
    this.#status = status;
    return [`STATUS=${status}`];
  }

  async #tellStatus(): Promise<void> {
    const news = await this.#news();
    if (news.length > 0) await this.#tell(news);
  }

  /** Says that it lives, if all that serve do. @param time how long they have to say so, ms. */
  async #tellLife(time: number): Promise<void> {
    try {
      await this.#tally(time);
    } catch (error) {
      this.#trouble(`the watchdog is not told that the server lives: ${messageOf(error)}`);
      return;
    }
    await this.#tell(['WATCHDOG=1']);
  }

  #tally(time: number): Promise<Tally> {
    const tally = this.#service?.tally() ?? Promise.reject(new Error('nobody serves yet'));
    return withDeadline(tally, time, () => new Error('a process does not answer'));
  }
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
