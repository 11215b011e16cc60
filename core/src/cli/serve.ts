import type { Argument } from '../config/commandline.js';
import { loadSettings } from '../config/load.js';
import { pickServerOptions } from '../config/options.js';
import type { LogMode, Settings } from '../config/settings.js';
import { messageOf, UserError } from '../errors.js';
import { Log } from '../log/log.js';
import { formatAddress } from '../protocol/address.js';
import { createServer, type Server } from '../server.js';
import { goToBackground, isInBackground, tellReady } from './background.js';
import { dropPrivileges } from './privileges.js';
import { version } from './version.js';

const DEFAULT_GRACE = 5;

/**
 * Runs the server until SIGTERM or SIGINT; SIGHUP reads configuration, users and rules again.
 *
 * @param argv the command line, for the process in the background.
 * @param args the same, read.
 * @throws {UserError} if it cannot start.
 */
export async function serve(argv: readonly string[], args: readonly Argument[]): Promise<void> {
  const settings = await loadSettings(args);
  if (settings.nofork === false && !isInBackground) {
    await goToBackground(argv, (settings.logmode ?? 'syslog') !== 'syslog');
    return;
  }
  const mode: LogMode = settings.logmode ?? (isInBackground ? 'syslog' : 'stderr');
  const log = new Log(settings, mode);
  const server = createServer(pickServerOptions(settings));
  server.registries.eventSinks.register(log);
  try {
    await server.listen();
    dropPrivileges(settings);
  } catch (error) {
    await server.close();
    await log.close();
    throw error;
  }
  surviveBugs(log);
  if (isInBackground) tellReady();
  else if (mode === 'stderr' && !log.journal) greet(server, settings);
  reloadOnHangup(server, log, args);
  await untilTold(server, log, settings.grace ?? DEFAULT_GRACE);
}

/** Says what runs, and how to use it. */
function greet(server: Server, settings: Settings): void {
  const { auth = [], anonymous = false } = settings;
  const [first] = server.addresses;
  if (first === undefined) return;
  const host = first.host === '0.0.0.0' || first.host === '::' ? '127.0.0.1' : first.host;
  const user = auth.length > 0 && !anonymous ? 'USER:PASSWORD@' : '';
  const proxy = `socks5h://${user}${formatAddress({ ...first, host })}`;
  process.stdout.on('error', () => {});
  process.stdout.write(
    `PicoSOCKS5 ${version} listens on ${server.addresses.map(formatAddress).join(' and ')}\n` +
      `Try: curl -x ${proxy} https://example.com/    Stop: Ctrl+C    Help: picosocks5 --help\n`,
  );
}

/** What one connection does wrong must not end the others, a bug of this program included. */
function surviveBugs(log: Log): void {
  const report = (error: unknown) => {
    const trouble = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tell(log, `internal error: ${trouble}`);
  };
  process.on('uncaughtException', report);
  process.on('unhandledRejection', report);
}

function tell(log: Log, message: string): void {
  if (log.wants('error')) log.handle({ type: 'error', time: Date.now(), message });
}

function reloadOnHangup(server: Server, log: Log, args: readonly Argument[]): void {
  let last = Promise.resolve();
  process.on('SIGHUP', () => {
    last = last.then(async () => {
      try {
        const settings = await loadSettings(args);
        await server.reload(pickServerOptions(settings));
        log.setLevel(settings.loglevel);
      } catch (error) {
        const trouble =
          error instanceof UserError ? error.message : `internal error: ${messageOf(error)}`;
        tell(log, `nothing was reloaded: ${trouble}`);
      }
    });
  });
}

/** Waits for SIGTERM or SIGINT, and stops; a second signal ends the process at once. */
function untilTold(server: Server, log: Log, grace: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      process.off('SIGTERM', stop);
      process.off('SIGINT', stop);
      server
        .close(grace)
        .then(() => log.close())
        .then(resolve, reject);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
