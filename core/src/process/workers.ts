import type { SendHandle } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { LockoutFilter } from '../auth/lockout.js';
import { monotonic } from '../base/clock.js';
import { messageOf, UserError } from '../base/errors.js';
import type { LogLevel, Settings } from '../config/settings.js';
import { QuotaFile } from '../limits/quotafile.js';
import type { Usage } from '../limits/usage.js';
import { wasGiven } from '../listening/handedon.js';
import { inheritedAddresses } from '../listening/inherited.js';
import type { ListenerState, ListeningAddress } from '../listening/listeningsocket.js';
import type { ConnectionInfo } from '../log/events.js';
import type { Address } from '../protocol/address.js';
import { Coordinator } from '../sharing/coordinator.js';
import type { FileContents, FromWorker, Task, ToldTally } from '../sharing/messages.js';
import { HeldSockets } from '../sharing/sockets.js';
import { TICKET_KEYS } from '../transport/tlscredentials.js';
import { type ForkOptions, forkWorker } from './forkworker.js';
import { Member, WorkerEnded } from './member.js';
import type { EventNews } from './observing.js';
import { dropPrivileges } from './privileges.js';
import type { QuestionName, Questions } from './questions.js';
import { sumOf, type Tally } from './status.js';
import { openInherited, readFiles, withoutPrivileges } from './workersettings.js';

/** A worker that ends sooner than this after its start is started again later and later, ms. */
const SOON = 5000;
const FIRST_DELAY = 100;
const LAST_DELAY = 30_000;
/** Starts that fail in a row, while no worker serves, before the server gives up. */
const MAX_FAILED_STARTS = 5;

/** How long a worker has to end, beyond the time that connections have to finish, ms. */
const END_TIME = 3000;

/** Ids of connections of a worker that takes another's place go on this far from there. */
const GENERATION = 2 ** 32;

/** What workers are started with, and whom they tell. */
export interface WorkersOptions extends ForkOptions {
  /** Reads the configuration again, since an extension asks for it. */
  readonly reload?: () => Promise<void>;
  /** Takes the events that workers are to tell of. */
  readonly observe?: (news: EventNews) => void;
  /** Whether systemd's journal reads those lines. */
  readonly journal?: boolean;
}

/**
 * Several processes that serve the same addresses, each accepting for itself; limits, lockouts,
 * quotas and the table of connections are those of all together. This process, the primary one,
 * serves nobody: it keeps what they share, what they cannot open again without root, and replaces
 * those that die.
 */
export class Workers {
  readonly #count: number;
  readonly #warn: (message: string) => void;
  readonly #options: WorkersOptions;
  readonly #coordinator = new Coordinator();
  readonly #sockets = new HeldSockets();
  readonly #members = new Map<number, Member>();
  readonly #replacements = new Set<NodeJS.Timeout>();
  readonly #passwordKey = randomBytes(32).toString('base64');
  readonly #ticketKeys = randomBytes(TICKET_KEYS).toString('base64');
  #settings: Settings;
  /** What workers need of files, as it was when the settings came into force. */
  #files: FileContents = {};
  #listeners: readonly ListenerState[] = [];
  readonly #quotas: QuotaFile;
  #onServed: () => void = () => {};
  /** Settled when a worker serves. */
  readonly #served = new Promise<void>((resolve) => {
    this.#onServed = resolve;
  });
  #observed: LogLevel = 'none';
  #logLevel: LogLevel | undefined;
  #stopping = false;
  #generation = 0;
  /** How often in a row a worker ended soon. */
  #failures = 0;
  /** How many starts in a row failed. */
  #failedStarts = 0;
  #trouble = 'they end before they listen';
  #fail: (error: UserError) => void = () => {};
  /** Rejects when no worker can be started any more. */
  readonly failure: Promise<never>;

  /** @param warn told of workers that die. */
  constructor(
    settings: Settings,
    count: number,
    warn: (message: string) => void,
    options: WorkersOptions = {},
  ) {
    this.#settings = settings;
    this.#count = count;
    this.#warn = warn;
    this.#quotas = new QuotaFile(this.#coordinator, warn);
    this.#options = options;
    this.failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failure.catch(() => {});
  }

  get addresses(): readonly Address[] {
    return this.#listeners.flatMap(({ addresses }) => addresses);
  }

  get listeners(): readonly ListenerState[] {
    return this.#listeners;
  }

  /** Starts all workers. @throws {UserError} if they cannot listen; then none is left. */
  async start(): Promise<void> {
    const { quotaFile } = this.#settings;
    this.#quotas.keep(quotaFile, await this.#quotas.read(quotaFile));
    this.#files = await readFiles(this.#settings);
    openInherited(this.#settings);
    const numbers = Array.from({ length: this.#count }, (_, i) => i + 1);
    try {
      // One that dies meanwhile is replaced as it would be later.
      const isFatal = (error: unknown) => (error instanceof WorkerEnded ? undefined : error);
      const starts = numbers.map((number) => this.#startWorker(number).catch(isFatal));
      const troubles = await Promise.all(starts);
      const trouble = troubles.find((error) => error !== undefined);
      if (trouble !== undefined) throw trouble;
      await Promise.race([this.#served, this.failure]);
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  /**
   * Gives up root, as workers have done when they have started; those that take another's place
   * find it given up.
   *
   * @throws {UserError}
   */
  dropPrivileges(): void {
    dropPrivileges(this.#settings);
    this.#settings = withoutPrivileges(this.#settings);
  }

  /** Writes what was used. @throws {UserError} if the quota file cannot be written. */
  async saveUsage(): Promise<void> {
    await this.#quotas.save();
  }

  /** Leaves the quota file to another process. @throws {UserError} if it cannot be written. */
  async handOnUsage(): Promise<void> {
    await this.#quotas.handOn();
  }

  /** Gives all workers new settings. @throws what the first one says that cannot take them. */
  async reload(changed: Settings): Promise<void> {
    const settings = withoutPrivileges(changed);
    const usage = await this.#quotas.read(settings.quotaFile);
    const files = await readFiles(settings);
    openInherited(settings);
    const inherited = inheritedAddresses();
    const before = { settings: this.#ofWorkers(this.#settings), files: this.#files };
    const back = { type: 'reload', ...before, inherited } as const;
    const own = this.#ofWorkers(settings);
    const task = { type: 'reload', settings: own, files, inherited } as const;
    const members = [...this.#members.values()];
    const results = await Promise.allSettled(members.map((member) => member.do(task)));
    const failed = results.find(isFailure);
    if (failed !== undefined) {
      const took = members.filter((_, i) => results[i]?.status === 'fulfilled');
      await Promise.allSettled(took.map((member) => member.do(back)));
      await this.#endReload(false);
      throw failed.reason;
    }
    this.#settings = settings;
    this.#files = files;
    this.#quotas.keep(settings.quotaFile, usage);
    const late = [...this.#members.values()].filter((member) => !members.includes(member));
    await Promise.allSettled(late.map((member) => member.do(task)));
    if (this.#isServed) this.#sockets.prune();
    await this.#endReload(true);
  }

  /** @param byAll whether all workers have done it, and one of them tells that. */
  async #endReload(byAll: boolean): Promise<void> {
    const members = [...this.#members.values()];
    await Promise.allSettled(members.map((member) => member.do({ type: 'reloaded', byAll })));
  }

  /** Says what new settings are warned of. @throws what a worker says that could not take them. */
  async tryReload(changed: Settings): Promise<readonly string[]> {
    const settings = withoutPrivileges(changed);
    const files = await readFiles(settings);
    openInherited(settings);
    const inherited = inheritedAddresses();
    return this.#first.do({ type: 'try-reload', settings, files, inherited });
  }

  /** Stops all workers. @param grace how long connections have to finish, seconds. */
  async stop(grace: number): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#replacements) clearTimeout(timer);
    const members = [...this.#members.values()];
    await Promise.all(members.map((member) => member.stop(grace, END_TIME)));
    this.#sockets.close();
    await this.#quotas.close();
  }

  /** The connections of this moment, of all workers. */
  async connections(): Promise<ConnectionInfo[]> {
    const members = [...this.#members.values()];
    const lists = await Promise.all(
      members.map((member) => member.do<ConnectionInfo[]>({ type: 'connections' }).catch(() => [])),
    );
    return lists.flat().sort((a, b) => a.id - b.id);
  }

  /** How many clients all workers serve; it is not settled while one of them does not answer. */
  async tally(): Promise<Tally> {
    const members = [...this.#members.values()].filter(({ listens }) => listens);
    const nothing: ToldTally = { connections: 0, users: [] };
    const told = await Promise.all(
      // One that has died is about to be replaced.
      members.map((member) => member.do<ToldTally>({ type: 'tally' }).catch(() => nothing)),
    );
    return sumOf(told.map((one) => ({ ...one, users: new Set(one.users) })));
  }

  /** Ends a connection of any worker. @returns false if there is none of that id. */
  async disconnect(connection: number): Promise<boolean> {
    const members = [...this.#members.values()];
    const ended = await Promise.all(
      members.map((member) =>
        member.do<boolean>({ type: 'disconnect', connection }).catch(() => false),
      ),
    );
    return ended.some(Boolean);
  }

  /**
   * Asks all workers that serve.
   *
   * @returns what they answer, without those that have ended meanwhile.
   * @throws what any of them came to grief by.
   */
  async ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
  ): Promise<Questions[Name]['answer'][]> {
    const task: Task = { type: 'ask', question: { name, ask } };
    const members = [...this.#members.values()].filter(({ listens }) => listens);
    const answers = await Promise.allSettled(members.map((member) => member.do(task)));
    const failed = answers.find(isFailure);
    if (failed !== undefined) throw failed.reason;
    return answers.flatMap((one) =>
      one.status === 'fulfilled' ? [one.value as Questions[Name]['answer']] : [],
    );
  }

  /**
   * Asks the first worker that serves.
   *
   * @throws what it came to grief by.
   */
  async askOne<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
  ): Promise<Questions[Name]['answer']> {
    return this.#first.do({ type: 'ask', question: { name, ask } });
  }

  /** The first worker that serves. @throws {UserError} if there is none. */
  get #first(): Member {
    const numbers = [...this.#members.keys()].sort((a, b) => a - b);
    const members = numbers.flatMap((number) => this.#members.get(number) ?? []);
    const first = members.find(({ listens }) => listens);
    if (first === undefined) throw new UserError('no worker serves at this moment');
    return first;
  }

  /** Has workers tell of events of a level from now on, also those that start later. */
  observe(level: LogLevel): void {
    this.#observed = level;
    this.#tellAll({ type: 'observe', level });
  }

  /** Lets nobody be locked out any more who is meant. */
  async lift(whom: LockoutFilter): Promise<number> {
    this.#coordinator.forgive(whom);
    const lifted = await this.ask('lift', whom);
    return Math.max(0, ...lifted);
  }

  /** Has them log at a level, whatever their settings say; undefined: as these say. */
  setLogLevel(level: LogLevel | undefined): void {
    if (level === this.#logLevel) return;
    this.#logLevel = level;
    this.#tellAll({ type: 'log-level', level: level ?? this.#settings.loglevel ?? 'info' });
  }

  /** What users and groups that have limits have used, by `user NAME` and `group NAME`. */
  usage(): Readonly<Record<string, Usage>> {
    return this.#coordinator.usage();
  }

  #tellAll(task: Task): void {
    for (const member of this.#members.values()) member.do(task).catch(() => {});
  }

  /** Settings as workers get them. */
  #ofWorkers(settings: Settings): Settings {
    return this.#logLevel === undefined ? settings : { ...settings, loglevel: this.#logLevel };
  }

  /** How many workers there are at this moment. */
  get workers(): number {
    return this.#members.size;
  }

  /** Their process ids. */
  get processes(): readonly number[] {
    return [...this.#members.values()].flatMap(({ process: { pid } }) => pid ?? []);
  }

  get #isServed(): boolean {
    return [...this.#members.values()].some(({ listens }) => listens);
  }

  async #startWorker(number: number): Promise<void> {
    const process = forkWorker(number, this.#options);
    const member = new Member(process);
    this.#members.set(number, member);
    this.#coordinator.add(number, (message, done) => member.tell(message, undefined, done));
    process.on('message', (message: FromWorker) => this.#hear(number, member, message));
    member.onEnd((by) => {
      this.#members.delete(number);
      this.#coordinator.remove(number);
      this.#sockets.remove(number);
      if (!this.#stopping) this.#replace(number, member, by);
    });
    await member.do({
      type: 'start',
      settings: this.#ofWorkers(this.#settings),
      number,
      firstId: number + this.#count * GENERATION * this.#generation,
      workers: this.#count,
      passwordKey: this.#passwordKey,
      ticketKeys: this.#ticketKeys,
      logins: this.#coordinator.logins,
      usage: this.#coordinator.usage(),
      files: this.#files,
      inherited: inheritedAddresses(),
      journal: this.#options.journal ?? false,
      observed: this.#observed,
    });
    member.listens = true;
    this.#failedStarts = 0;
    this.#onServed();
  }

  #hear(number: number, member: Member, message: FromWorker): void {
    if (this.#coordinator.handle(number, message)) return;
    switch (message.type) {
      case 'listening':
        this.#listeners = message.listeners;
        break;
      case 'take-socket':
        this.#giveSocket(number, member, message.request, message.address);
        break;
      case 'reload':
        void this.#options.reload?.();
        break;
      case 'events':
        this.#options.observe?.(message.news as EventNews);
        break;
      case 'release-socket':
        this.#sockets.release(message.address, number);
        break;
      case 'done':
      case 'failed':
        member.settle(message);
    }
  }

  async #giveSocket(number: number, member: Member, request: number, address: ListeningAddress) {
    try {
      const handle = await this.#sockets.take(address, number);
      if (member.hasEnded) this.#sockets.remove(number);
      // Node sends its own handles, though its types say otherwise.
      else {
        const told = {
          type: 'socket',
          request,
          errno: undefined,
          isGiven: wasGiven(handle),
        } as const;
        member.tell(told, handle as unknown as SendHandle);
      }
    } catch (error) {
      const { errno = -1 } = error as NodeJS.ErrnoException;
      member.tell({ type: 'socket', request, errno });
    }
  }

  #replace(number: number, member: Member, by: string | number): void {
    const soon = monotonic() - member.started < SOON;
    this.#failures = soon ? this.#failures + 1 : 0;
    if (!member.listens) this.#failedStarts++;
    if (this.#failedStarts >= MAX_FAILED_STARTS && !this.#isServed) {
      this.#stopping = true;
      this.#fail(new UserError(`no worker can be started any more: ${this.#trouble}`));
      return;
    }
    const delay = soon ? Math.min(FIRST_DELAY * 2 ** this.#failures, LAST_DELAY) : 0;
    this.#warn(`worker ${number} has ended (${by}); another one takes its place`);
    this.#generation++;
    const timer = setTimeout(() => {
      this.#replacements.delete(timer);
      this.#startWorker(number).catch((error: unknown) => {
        // That it has ended is told already.
        if (this.#stopping || error instanceof WorkerEnded) return;
        this.#trouble = messageOf(error);
        this.#warn(`worker ${number} cannot start: ${this.#trouble}`);
        this.#members.get(number)?.process.kill('SIGKILL');
      });
    }, delay);
    this.#replacements.add(timer);
  }
}

function isFailure(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return result.status === 'rejected' && !(result.reason instanceof WorkerEnded);
}
