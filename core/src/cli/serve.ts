import { rmSync } from 'node:fs';
import { messageOf, UserError } from '../base/errors.js';
import { Sequence } from '../base/sequence.js';
import { version } from '../base/version.js';
import type { Argument } from '../config/commandline.js';
import { loadSettings } from '../config/load.js';
import { pickServerOptions } from '../config/options.js';
import type { LogLevel, Settings } from '../config/settings.js';
import { parseWorkers } from '../config/workercount.js';
import type { Controlled } from '../control/controlled.js';
import { closeUnclaimed } from '../listening/handedon.js';
import type { ListenerState } from '../listening/listeningsocket.js';
import { socketPath } from '../listening/unixsocket.js';
import type { ServerEvent } from '../log/events.js';
import { Log } from '../log/log.js';
import { goToBackground, isInBackground, tellReady } from '../process/background.js';
import { demandNoHandedOver, takeHandedOver, withHandedOver } from '../process/handover.js';
import { checkAsLaterUser } from '../process/later.js';
import { LogLevels } from '../process/loglevel.js';
import { logModeOf } from '../process/logmode.js';
import { type EventNews, isOfLevel } from '../process/observing.js';
import { dropPrivileges, userNumber } from '../process/privileges.js';
import { answer, type Question } from '../process/questions.js';
import { Reloader } from '../process/reloader.js';
import { ServiceManager, takeSupervision } from '../process/servicemanager.js';
import { statusOf, type Tally, tallyOf } from '../process/status.js';
import { startSuccessor, takeSuccession, withoutDropping } from '../process/successor.js';
import { logError, logWarning, surviveBugs } from '../process/survival.js';
import { showsPasswords } from '../process/title.js';
import { formatAddress, formatEndpoint } from '../protocol/address.js';
import { Server } from '../server/server.js';
import { alone } from '../sharing/sharing.js';

const DEFAULT_GRACE = 5;

/** How long an answer has to go out before a process leaves its place to another, ms. */
const ANSWER_TIME = 100;

/** How long the process may live when all is over, ms. */
const END_TIME = 1000;

/** What serves: a server in this process, or several in processes of their own. */
export interface Service extends Controlled {
  /** Rejects when it cannot go on. */
  readonly failure: Promise<never>;
  start(): Promise<unknown>;
  dropPrivileges(): void;
  /** @throws {UserError} if the quota file cannot be written. */
  saveUsage(): Promise<void>;
  /** Leaves the quota file to another process. */
  handOnUsage(): Promise<void>;
  reload(settings: Settings): Promise<void>;
  /** Says what a reload would warn of. @throws {UserError} if it could not be. */
  tryReload(settings: Settings): Promise<readonly string[]>;
  tally(): Promise<Tally>;
  /** Has workers log at a level, whatever their settings say; undefined: as these say. */
  setLogLevel(level: LogLevel | undefined): void;
  stop(grace: number): Promise<void>;
}

/**
 * Runs the server until SIGTERM or SIGINT. SIGHUP reads configuration, users and rules again,
 * SIGUSR1 opens the log file again and logs how it is, SIGUSR2 has a new process take its place.
 *
 * @param argv the command line, for the process in the background.
 * @param args the same, read.
 * @throws {UserError} if it cannot start, or cannot go on.
 */
export async function serve(argv: readonly string[], args: readonly Argument[]): Promise<void> {
  const legacy = takeSuccession();
  const isSuccessor = legacy !== undefined;
  const handedOver = legacy ?? takeHandedOver();
  const load = async (warn: (message: string) => void) => {
    const loaded = withHandedOver(await loadSettings(args, warn), handedOver);
    return isSuccessor ? withoutDropping(loaded) : loaded;
  };
  const idle: string[] = [];
  const settings = await load((message) => idle.push(message));
  if (settings.nofork === false && !isInBackground && !isSuccessor) {
    demandNoHandedOver(handedOver);
    const { logmode = 'syslog', logFile } = settings;
    await goToBackground(argv, logmode !== 'syslog' && logFile === undefined);
    return;
  }
  const supervision = takeSupervision(isInBackground || isSuccessor);
  const mode = logModeOf(settings);
  const log = new Log(settings, mode, { owner: userNumber(settings) });
  log.lookForSyslog();
  for (const message of idle) logWarning(log, message);
  if (showsPasswords(argv)) {
    logWarning(
      log,
      'a password on the command line can be seen by others: it belongs in the password-file of a ' +
        'section [upstream:NAME]',
    );
  }
  const manager = await ServiceManager.reach(supervision, (message) => logWarning(log, message));
  const workers = parseWorkers(settings.workers ?? '1');
  const reload = async () => {
    process.emit('SIGHUP', 'SIGHUP');
  };
  const { control } = settings;
  const controlling =
    control === undefined
      ? undefined
      : await (await import('../control/controlling.js')).bindControl({ ...settings, control });
  const { usageFile } = settings;
  const usage =
    usageFile === undefined
      ? undefined
      : await (await import('../process/usagedays.js')).UsageDays.open(usageFile, (message) =>
          logWarning(log, message),
        );
  const observe = (news: EventNews) => {
    for (const event of usage === undefined ? [] : news.events) usage?.handle(event);
    controlling?.take(news);
  };
  const links = { log, reload, observe };
  const service = workers === 1 ? single(settings, links) : await several(settings, workers, links);
  const told = untilTold();
  let isReplaced = false;
  const start = service.start();
  const levels = new LogLevels(settings.loglevel, (level, isTemporary) => {
    log.setLevel(level);
    service.setLogLevel(isTemporary ? level : undefined);
  });
  const reloader = new Reloader(
    {
      service,
      manager,
      load,
      begins: () => reopen(log),
      changed: (changed) => {
        levels.configure(changed.loglevel);
        void controlling?.renew(changed, (message) => logWarning(log, message));
      },
      warn: (message) => logWarning(log, message),
      error: (message) => logError(log, message),
    },
    settings,
    start,
  );
  let leave: () => void = () => {};
  const replaced = new Promise<true>((resolve) => {
    leave = () => resolve(true);
  });
  const replacing = new Sequence();
  const replace = () =>
    replacing.run(async () => {
      if (isReplaced)
        throw new UserError('another process has taken the place of this one already');
      await usage?.sample(() => service.connections());
      await usage?.save();
      await service.saveUsage();
      await manager.reloading();
      let pid: number;
      try {
        pid = await startSuccessor(argv, handedOver, supervision);
      } catch (error) {
        await manager.reloaded();
        throw error;
      }
      isReplaced = true;
      controlling?.handOn();
      await manager.replaced(pid);
      await usage?.handOn();
      // Whoever has asked for it is answered first.
      setTimeout(leave, ANSWER_TIME);
      return pid;
    });
  const upgrade = async () => {
    try {
      await start;
      await replace();
    } catch (error) {
      logError(log, `SIGUSR2: ${messageOf(error)}; this process goes on`);
    }
  };
  // What it comes to grief by is logged.
  process.on('SIGHUP', () => void reloader.reload().catch(() => {}));
  process.on('SIGUSR1', () => {
    reopen(log);
    void tellStatus(service, log);
  });
  process.on('SIGUSR2', () => void upgrade());
  try {
    await start;
    service.dropPrivileges();
    await checkAsLaterUser({ service, usage }, log, args, settings);
    if (usage !== undefined) {
      await usage.save();
      service.observe('info');
      usage.start(() => service.connections());
    }
    await controlling?.serve({ service, levels, reloader, log, usage, replace });
  } catch (error) {
    controlling?.close();
    await service.stop(0);
    await log.close();
    throw error;
  }
  for (const address of closeUnclaimed()) {
    const path = socketPath(address.host);
    if (path !== undefined) rmSync(path, { force: true });
  }
  surviveBugs(log);
  void manager.ready(service);
  if (isInBackground || isSuccessor) tellReady();
  else if (mode === 'stderr' && settings.logFile === undefined && !log.journal) {
    greet(service.listeners, settings);
  }
  try {
    await Promise.race([told, replaced, service.failure]);
  } catch (error) {
    logError(log, messageOf(error));
    controlling?.close();
    await service.stop(0);
    await log.close();
    throw error;
  }
  if (isReplaced) {
    await service.handOnUsage();
    controlling?.close();
  } else {
    void manager.stopping();
    controlling?.drain();
  }
  await service.stop(settings.grace ?? DEFAULT_GRACE);
  await usage?.close();
  controlling?.close();
  await log.close();
  // Timers and sockets that an extension has left keep no process alive.
  setTimeout(() => process.exit(), END_TIME).unref();
}

/** What a service tells. */
interface Links {
  readonly log: Log;
  /** Reads the configuration again. */
  readonly reload: () => Promise<void>;
  /** Takes the events that are observed. */
  readonly observe: (news: EventNews) => void;
}

function single(settings: Settings, { log, reload, observe }: Links): Service {
  const server = new Server(pickServerOptions(settings), undefined, { ...alone(), reload });
  let hasDropped = false;
  const drop = () => {
    if (!hasDropped) dropPrivileges(settings);
    hasDropped = true;
  };
  server.registries.eventSinks.register(log);
  const observer = {
    id: 'observer',
    level: 'none' as LogLevel,
    wants: (type: ServerEvent['type']) => isOfLevel(type, observer.level),
    handle: (event: ServerEvent) => observe({ events: [event], lost: 0 }),
  };
  if (settings.control !== undefined || settings.usageFile !== undefined)
    server.registries.eventSinks.register(observer);
  const askOne: Service['askOne'] = async (name, ask) =>
    (await answer(server, { name, ask } as Question)) as never;
  return {
    get listeners() {
      return server.listeners;
    },
    workers: undefined,
    failure: new Promise(() => {}),
    start: () => server.listen({ user: userNumber(settings), bound: drop }),
    dropPrivileges: drop,
    saveUsage: () => server.saveUsage(),
    handOnUsage: () => server.handOnUsage(),
    reload: (changed) => server.reload(pickServerOptions(changed)),
    tryReload: (changed) => server.tryReload(pickServerOptions(changed)),
    ask: async (name, ask) => [await askOne(name, ask)],
    askOne,
    lift: async (whom) => server.liftLockouts(whom),
    usage: () => server.usage(),
    observe: (level) => {
      observer.level = level;
    },
    setLogLevel() {},
    connections: async () => server.connections(),
    tally: async () => tallyOf(server.connections()),
    stop: (grace) => server.close(grace),
  };
}

async function several(
  settings: Settings,
  count: number,
  { log, reload, observe }: Links,
): Promise<Service> {
  const { Workers } = await import('../process/workers.js');
  const { journal } = log;
  const forward = (lines: string) => log.forward(lines);
  const warn = (message: string) => logWarning(log, message);
  return new Workers(settings, count, warn, { journal, forward, reload, observe });
}

function reopen(log: Log): void {
  try {
    log.reopen();
  } catch (error) {
    logWarning(log, `${messageOf(error)}; the log goes on where it was`);
  }
}

async function tellStatus(service: Service, log: Log): Promise<void> {
  if (log.wants('status')) log.handle(statusOf(await service.connections(), service.workers));
}

/** Says what runs, and how to use it. */
function greet(listeners: readonly ListenerState[], settings: Settings): void {
  const listening = listeners.filter(({ addresses }) => addresses.length > 0);
  if (listening.length === 0) return;
  const proxy = plainProxy(listening, settings);
  const hint = proxy === undefined ? '' : `Try: curl -x ${proxy} https://example.com/    `;
  process.stdout.on('error', () => {});
  process.stdout.write(
    `PicoSOCKS5 ${version} listens on ${whereOf(listening)}\n` +
      `${hint}Stop: Ctrl+C    Help: picosocks5 --help\n`,
  );
}

/** Where a client on this machine reaches what listens at all addresses of a family. */
const reachable: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The first listener's address at which plain SOCKS is spoken, as curl takes it, if there is one. */
function plainProxy(listeners: readonly ListenerState[], settings: Settings): string | undefined {
  for (const { name, addresses } of listeners) {
    const first = addresses.find(({ scheme }) => scheme === undefined);
    if (first === undefined) continue;
    const { auth = [], anonymous = false } = { ...settings, ...settings.listeners?.[name] };
    const host = reachable[first.host] ?? first.host;
    const user = auth.length > 0 && !anonymous ? 'USER:PASSWORD@' : '';
    // curl takes a path behind the host localhost for a UNIX socket.
    const path = socketPath(host);
    const place = path === undefined ? formatAddress({ ...first, host }) : `localhost${path}`;
    return `socks5h://${user}${place}`;
  }
  return undefined;
}

/** Where a service listens, and for whom if there are several. */
function whereOf(listeners: readonly ListenerState[]): string {
  const all = listeners.map(({ name, addresses }) => {
    const text = addresses.map(formatEndpoint).join(' and ');
    return listeners.length > 1 ? `${text} (${name})` : text;
  });
  return all.join(' and ');
}

/** Waits for SIGTERM or SIGINT. A second signal ends the process at once. */
function untilTold(): Promise<void> {
  const signals = { SIGTERM: 143, SIGINT: 130 } as const;
  const names = Object.keys(signals) as (keyof typeof signals)[];
  return new Promise((resolve) => {
    const tell = () => {
      for (const name of names) {
        process.off(name, tell);
        // What ends other processes is nothing to process 1.
        if (process.pid === 1) process.on(name, () => process.exit(signals[name]));
      }
      resolve();
    };
    for (const name of names) process.removeAllListeners(name).on(name, tell);
  });
}
