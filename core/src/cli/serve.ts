import type { Argument } from '../config/commandline.js';
import { loadSettings } from '../config/load.js';
import { pickServerOptions, waitForRestart } from '../config/options.js';
import type { LogMode, Settings } from '../config/settings.js';
import { parseWorkers } from '../config/workercount.js';
import { messageOf, UserError } from '../errors.js';
import { Log } from '../log/log.js';
import { type Address, formatAddress } from '../protocol/address.js';
import { createServer } from '../server.js';
import { goToBackground, isInBackground, tellReady } from './background.js';
import { dropPrivileges } from './privileges.js';
import { logError, logWarning, surviveBugs } from './survival.js';
import { version } from './version.js';

const DEFAULT_GRACE = 5;

/** What serves: a server in this process, or several in processes of their own. */
interface Service {
  readonly addresses: readonly Address[];
  start(): Promise<unknown>;
  reload(settings: Settings): Promise<void>;
  stop(grace: number): Promise<void>;
}

/**
 * Runs the server until SIGTERM or SIGINT; SIGHUP reads configuration, users and rules again.
 *
 * @param argv the command line, for the process in the background.
 * @param args the same, read.
 * @throws {UserError} if it cannot start.
 */
export async function serve(argv: readonly string[], args: readonly Argument[]): Promise<void> {
  const idle: string[] = [];
  const settings = await loadSettings(args, (message) => idle.push(message));
  if (settings.nofork === false && !isInBackground) {
    await goToBackground(argv, (settings.logmode ?? 'syslog') !== 'syslog');
    return;
  }
  const mode: LogMode = settings.logmode ?? (isInBackground ? 'syslog' : 'stderr');
  const log = new Log(settings, mode);
  for (const message of idle) logWarning(log, message);
  const workers = parseWorkers(settings.workers ?? '1');
  const service = workers === 1 ? single(settings, log) : await several(settings, workers, log);
  const start = service.start();
  reloadOnHangup(service, log, args, settings, start);
  try {
    await start;
    dropPrivileges(settings);
  } catch (error) {
    await service.stop(0);
    await log.close();
    throw error;
  }
  surviveBugs(log);
  if (isInBackground) tellReady();
  else if (mode === 'stderr' && !log.journal) greet(service.addresses, settings);
  await untilTold(service, log, settings.grace ?? DEFAULT_GRACE);
}

function single(settings: Settings, log: Log): Service {
  const server = createServer(pickServerOptions(settings));
  server.registries.eventSinks.register(log);
  return {
    get addresses() {
      return server.addresses;
    },
    start: () => server.listen(),
    reload: (changed) => server.reload(pickServerOptions(changed)),
    stop: (grace) => server.close(grace),
  };
}

async function several(settings: Settings, count: number, log: Log): Promise<Service> {
  const { Workers } = await import('./workers.js');
  return new Workers(settings, count, (message) => logWarning(log, message));
}

/** Says what runs, and how to use it. */
function greet(addresses: readonly Address[], settings: Settings): void {
  const { auth = [], anonymous = false } = settings;
  const [first] = addresses;
  if (first === undefined) return;
  const host = first.host === '0.0.0.0' || first.host === '::' ? '127.0.0.1' : first.host;
  const user = auth.length > 0 && !anonymous ? 'USER:PASSWORD@' : '';
  const proxy = `socks5h://${user}${formatAddress({ ...first, host })}`;
  process.stdout.on('error', () => {});
  process.stdout.write(
    `PicoSOCKS5 ${version} listens on ${addresses.map(formatAddress).join(' and ')}\n` +
      `Try: curl -x ${proxy} https://example.com/    Stop: Ctrl+C    Help: picosocks5 --help\n`,
  );
}

/**
 * @param settings those that the process was started with.
 * @param start settled when there is something to reload.
 */
function reloadOnHangup(
  service: Service,
  log: Log,
  args: readonly Argument[],
  settings: Settings,
  start: Promise<unknown>,
): void {
  let last = start.then(
    () => {},
    () => {},
  );
  process.on('SIGHUP', () => {
    last = last.then(async () => {
      try {
        const changed = await loadSettings(args, (message) => logWarning(log, message));
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
    });
  });
}

/** Waits for SIGTERM or SIGINT, and stops; a second signal ends the process at once. */
function untilTold(service: Service, log: Log, grace: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      process.off('SIGTERM', stop);
      process.off('SIGINT', stop);
      service
        .stop(grace)
        .then(() => log.close())
        .then(resolve, reject);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
