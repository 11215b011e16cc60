import { messageOf, UserError } from '../base/errors.js';
import { Sequence } from '../base/sequence.js';
import { pickServerOptions } from '../config/options.js';
import type { LogLevel } from '../config/settings.js';
import { createRegistries } from '../extensions/registries.js';
import { leaveNames } from '../listening/handedon.js';
import { learnInherited } from '../listening/inherited.js';
import type { ConnectionInfo, EventSink, ServerEvent } from '../log/events.js';
import { Log } from '../log/log.js';
import { Server } from '../server/server.js';
import type { FromWorker, Task, ToldTally, ToWorker } from '../sharing/messages.js';
import { Shared } from '../sharing/workersharing.js';
import { logModeOf } from './logmode.js';
import { Teller } from './observing.js';
import { dropPrivileges, userNumber } from './privileges.js';
import { answer, type Question } from './questions.js';
import { tallyOf } from './status.js';
import { surviveBugs } from './survival.js';

type Start = Extract<Task, { readonly type: 'start' }>;

/** What all workers do alike is told by the first: in a reload, when all of them have done it. */
const COMMON: ReadonlySet<ServerEvent['type']> = new Set(['listening', 'stopped', 'reloaded']);

/** How long a worker that is told to end waits for the primary process to say how, ms. */
const TERM_DELAY = 1000;

/**
 * A sink that has one of the events that all workers have.
 *
 * @param isLoading whether it reads now what the others read as well, and warns of it.
 * @param held where what is told of a reload waits for the others; undefined: there is none.
 */
function oneOf(
  sink: Log | Teller,
  number: number,
  isLoading: () => boolean,
  held: () => (() => void)[] | undefined,
): EventSink {
  const isCommon = (type: ServerEvent['type']) =>
    COMMON.has(type) || (type === 'warning' && isLoading());
  return {
    id: sink.id,
    wants: (type) => (number === 1 || !isCommon(type)) && sink.wants(type),
    handle(event) {
      const waiting = COMMON.has(event.type) ? held() : undefined;
      if (waiting === undefined) sink.handle(event);
      else waiting.push(() => sink.handle(event));
    },
  };
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

/** A worker's server and what belongs to it. */
class Worker {
  readonly #shared: Shared;
  readonly #log: Log;
  readonly #server: Server;
  readonly #start: Start;
  readonly #teller = new Teller((news) => tell({ type: 'events', news }));
  #isLoading = true;
  /** Tells of a reload that others may not have done yet. */
  #held: (() => void)[] | undefined;

  constructor(start: Start) {
    const { settings, number } = start;
    learnInherited(start.inherited);
    this.#start = start;
    this.#shared = new Shared(start, tell);
    // Its stderr goes to the primary process, which writes it where it belongs.
    const { logFile: _, ...options } = settings;
    const { journal } = start;
    this.#log = new Log(options, logModeOf(settings), { journal, isWorkers: true });
    this.#server = new Server(
      pickServerOptions(settings),
      createRegistries(this.#shared),
      this.#shared,
    );
    const { eventSinks } = this.#server.registries;
    const register = (sink: Log | Teller) => {
      const isLoading = () => this.#isLoading;
      eventSinks.register(oneOf(sink, number, isLoading, () => this.#held));
    };
    register(this.#log);
    this.#teller.level = start.observed;
    register(this.#teller);
  }

  async listen(): Promise<void> {
    const { settings } = this.#start;
    let hasDropped = false;
    const drop = () => {
      if (!hasDropped) dropPrivileges(settings);
      hasDropped = true;
    };
    await this.#server.listen({ user: userNumber(settings), bound: drop });
    this.#isLoading = false;
    drop();
    surviveBugs(this.#log);
    tell({ type: 'listening', listeners: this.#server.listeners });
  }

  async change(
    task: Extract<Task, { readonly type: 'reload' | 'try-reload' | 'stop' }>,
  ): Promise<unknown> {
    if (task.type === 'stop') {
      this.reloaded(true);
      if (task.isReplaced) leaveNames();
      await this.#server.close(task.grace);
      this.#teller.flush();
      this.#shared.close();
      await this.#log.close();
      return undefined;
    }
    const before = this.#shared.setFiles(task.files);
    learnInherited(task.inherited);
    if (task.type === 'try-reload') {
      const options = pickServerOptions(task.settings);
      return this.#server.tryReload(options).finally(() => this.#shared.setFiles(before));
    }
    this.#isLoading = true;
    this.#held ??= [];
    try {
      await this.#server.reload(pickServerOptions(task.settings));
      this.#shared.counts.claimAll();
    } finally {
      this.#isLoading = false;
    }
    this.#log.setLevel(task.settings.loglevel);
    tell({ type: 'listening', listeners: this.#server.listeners });
    return undefined;
  }

  /** A reload is over: it is told if all workers have done it. */
  reloaded(byAll: boolean): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (byAll) for (const tell of held) tell();
  }

  connections(): ConnectionInfo[] {
    return this.#server.connections();
  }

  /** What {@link ToldTally} is made of. */
  tally(): ToldTally {
    const { connections, users } = tallyOf(this.#server.connections());
    return { connections, users: [...users] };
  }

  disconnect(connection: number): boolean {
    return this.#server.disconnect(connection);
  }

  ask(question: Question): Promise<unknown> {
    return answer(this.#server, question);
  }

  observe(level: LogLevel): void {
    this.#teller.level = level;
  }

  setLogLevel(level: LogLevel): void {
    this.#log.setLevel(level);
  }

  hear(message: ToWorker, handle: unknown): void {
    this.#shared.handle(message, handle);
  }
}

function noServer(): Promise<never> {
  return Promise.reject(new UserError('the worker does not serve yet'));
}

/** Serves clients as the primary process says, until it says otherwise or is gone. */
export function runWorker(): void {
  let worker: Worker | undefined;
  const tasks = new Sequence();
  const perform = (task: Task): Promise<unknown> => {
    if (task.type === 'tally') return Promise.resolve(worker?.tally());
    if (task.type === 'connections') return Promise.resolve(worker?.connections() ?? []);
    if (task.type === 'disconnect') return Promise.resolve(worker?.disconnect(task.connection));
    if (task.type === 'ask') return worker?.ask(task.question as Question) ?? noServer();
    if (task.type === 'observe') return Promise.resolve(worker?.observe(task.level));
    if (task.type === 'reloaded') return Promise.resolve(worker?.reloaded(task.byAll));
    if (task.type === 'log-level') return Promise.resolve(worker?.setLogLevel(task.level));
    // Starting, reloading and stopping wait for each other.
    return tasks.run(() => {
      if (task.type !== 'start') return worker?.change(task);
      worker = new Worker(task);
      return worker.listen();
    });
  };
  let isStopping = false;
  process.on('message', async (message: ToWorker, handle: unknown) => {
    if (!('id' in message)) {
      worker?.hear(message, handle);
      return;
    }
    const { id } = message;
    isStopping ||= message.type === 'stop';
    try {
      tell({ type: 'done', id, result: await perform(message) });
    } catch (error) {
      const isMistake = error instanceof UserError;
      tell({ type: 'failed', id, message: messageOf(error), isMistake });
    }
  });
  // The terminal tells all of its processes; the primary process tells the workers.
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  // systemd tells all processes of a service, too; somebody may mean this one alone.
  process.on('SIGTERM', () => {
    setTimeout(() => isStopping || process.exit(), TERM_DELAY).unref();
  });
  process.on('disconnect', () => {
    if (isStopping) process.exit();
    // Without the primary process nobody may stay, not even for a name that is being looked up.
    process.kill(process.pid, 'SIGKILL');
  });
  tell({ type: 'ready' });
}
