import { messageOf, UserError } from '../base/errors.js';
import { Sequence } from '../base/sequence.js';
import { version } from '../base/version.js';
import type { Argument } from '../config/commandline.js';
import { loadSettings } from '../config/load.js';
import { pickServerOptions, waitForRestart } from '../config/options.js';
import type { Settings } from '../config/settings.js';
import { parseWorkers } from '../config/workercount.js';
import type { ListenerState } from '../listening/listeningsocket.js';
import { socketPath } from '../listening/unixsocket.js';
import type { ConnectionInfo } from '../log/events.js';
import { Log } from '../log/log.js';
import { goToBackground, isInBackground, tellReady } from '../process/background.js';
import { demandNoHandedOver, takeHandedOver, withHandedOver } from '../process/handover.js';
import { checkAsLaterUser } from '../process/later.js';
import { logModeOf } from '../process/logmode.js';
import { dropPrivileges, userNumber } from '../process/privileges.js';
import { ServiceManager, takeSupervision } from '../process/servicemanager.js';
import { statusOf, type Tally, tallyOf } from '../process/status.js';
import { logError, logWarning, surviveBugs } from '../process/survival.js';
import { showsPasswords } from '../process/title.js';
import { formatAddress, formatEndpoint } from '../protocol/address.js';
import { Server } from '../server/server.js';
import { alone } from '../sharing/sharing.js';

const DEFAULT_GRACE = 5;

/** How long the process may live when all is over, ms. */
const END_TIME = 1000;

/** What serves: a server in this process, or several in processes of their own. */
export interface Service {
  readonly listeners: readonly ListenerState[];
  /** How many processes serve beside this one. */
  readonly workers: number | undefined;
  /** Rejects when it cannot go on. */
  readonly failure: Promise<never>;
  start(): Promise<unknown>;
  dropPrivileges(): void;
  /** @throws {UserError} if the quota file cannot be written. */
  saveUsage(): Promise<void>;
  reload(settings: Settings): Promise<void>;
  connections(): Promise<readonly ConnectionInfo[]>;
  tally(): Promise<Tally>;
  stop(grace: number): Promise<void>;
}

/**
 * Runs the server until SIGTERM or SIGINT. SIGHUP reads configuration, users and rules again,
 * SIGUSR1 opens the log file again, SIGUSR2 logs how it is.
 *
 * @param argv the command line, for the process in the background.
 * @param args the same, read.
 * @throws {UserError} if it cannot start, or cannot go on.
 */
export async function serve(argv: readonly string[], args: readonly Argument[]): Promise<void> {
  const handedOver = takeHandedOver();
  const load = async (warn: (message: string) => void) =>
    withHandedOver(await loadSettings(args, warn), handedOver);
  const idle: string[] = [];
  const settings = await load((message) => idle.push(message));
  if (settings.nofork === false && !isInBackground) {
    demandNoHandedOver(handedOver);
    const { logmode = 'syslog', logFile } = settings;
    await goToBackground(argv, logmode !== 'syslog' && logFile === undefined);
    return;
  }
  const supervision = takeSupervision(isInBackground);
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
  const service =
    workers === 1 ? single(settings, log, reload) : await several(settings, workers, log, reload);
  const told = untilTold();
  const start = service.start();
  reloadOnHangup({ service, log, manager, load }, settings, start);
  process.on('SIGUSR1', () => reopen(log));
  process.on('SIGUSR2', () => void tellStatus(service, log));
  try {
    await start;
    service.dropPrivileges();
    await checkAsLaterUser(service, log, args, settings);
  } catch (error) {
    await service.stop(0);
    await log.close();
    throw error;
  }
  surviveBugs(log);
  void manager.ready(service);
  if (isInBackground) tellReady();
  else if (mode === 'stderr' && settings.logFile === undefined && !log.journal) {
    greet(service.listeners, settings);
  }
  try {
    await Promise.race([told, service.failure]);
  } catch (error) {
    logError(log, messageOf(error));
    await service.stop(0);
    await log.close();
    throw error;
  }
  void manager.stopping();
  await service.stop(settings.grace ?? DEFAULT_GRACE);
  await log.close();
  // Timers and sockets that an extension has left keep no process alive.
  setTimeout(() => process.exit(), END_TIME).unref();
}

/** @param reload reads the configuration again. */
function single(settings: Settings, log: Log, reload: () => Promise<void>): Service {
  const server = new Server(pickServerOptions(settings), undefined, { ...alone(), reload });
  let hasDropped = false;
  const drop = () => {
    if (!hasDropped) dropPrivileges(settings);
    hasDropped = true;
  };
  server.registries.eventSinks.register(log);
  return {
    get listeners() {
      return server.listeners;
    },
    workers: undefined,
    failure: new Promise(() => {}),
    start: () => server.listen({ user: userNumber(settings), bound: drop }),
    dropPrivileges: drop,
    saveUsage: () => server.saveUsage(),
    reload: (changed) => server.reload(pickServerOptions(changed)),
    connections: async () => server.connections(),
    tally: async () => tallyOf(server.connections()),
    stop: (grace) => server.close(grace),
  };
}

async function several(
  settings: Settings,
  count: number,
  log: Log,
  reload: () => Promise<void>,
): Promise<Service> {
  const { Workers } = await import('../process/workers.js');
  const { journal } = log;
  const forward = (lines: string) => log.forward(lines);
  const workers = new Workers(settings, count, (message) => logWarning(log, message), {
    journal,
    forward,
    reload,
  });
  return workers;
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

/** The first listener's address at which plain SOCKS is spoken, as curl takes it, if there is one. */
function plainProxy(listeners: readonly ListenerState[], settings: Settings): string | undefined {
  for (const { name, addresses } of listeners) {
    const first = addresses.find(({ scheme }) => scheme === undefined);
    if (first === undefined) continue;
    const { auth = [], anonymous = false } = { ...settings, ...settings.listeners?.[name] };
    const host = first.host === '0.0.0.0' || first.host === '::' ? '127.0.0.1' : first.host;
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

/** What a reload needs. */
interface Reloading {
  readonly service: Service;
  readonly log: Log;
  readonly manager: ServiceManager;
  /** Reads the settings again. */
  load(warn: (message: string) => void): Promise<Settings>;
}

/**
 * @param settings those that the process was started with.
 * @param start settled when there is something to reload.
 */
function reloadOnHangup(
  { service, log, manager, load }: Reloading,
  settings: Settings,
  start: Promise<unknown>,
): void {
  const reloads = new Sequence();
  void reloads.run(() => start).catch(() => {});
  process.on('SIGHUP', () => {
    reopen(log);
    void reloads.run(async () => {
      await manager.reloading();
      try {
        const changed = await load((message) => logWarning(log, message));
        await service.reload(changed);
        log.setLevel(changed.loglevel);
        for (const name of waitForRestart(settings, changed)) {
          logWarning(log, `${name}: a change is in force only after a restart`);
        }
      } catch (error) {
        const trouble =
          error instanceof UserError ? error.message : `internal error: ${messageOf(error)}`;
        logError(log, `nothing was reloaded: ${trouble}`);
      }
      await manager.reloaded();
    });
  });
}

/** Waits for SIGTERM or SIGINT. A second signal ends the process at once. */
function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    const tell = () => {
      process.off('SIGTERM', tell);
      process.off('SIGINT', tell);
      resolve();
    };
    process.on('SIGTERM', tell);
    process.on('SIGINT', tell);
  });
}
