import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { monotonic } from '../base/clock.js';
import { codeOf } from '../base/errors.js';

/** How often it is told at most that there are none left, ms. */
const PERIOD = 60_000;

/** What a connection takes: the client's, and the one to its destination. */
const PER_CONNECTION = 2;

/** What a process needs besides: files, listening sockets, look-ups, the event loop's own. */
const RESERVE = 32;

/**
 * How many file descriptors a process may have open; undefined: there is no limit, or none is told.
 * Node has raised it as far as it may when it started (setrlimit(2), RLIMIT_NOFILE).
 */
export function descriptorLimit(): number | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return reportedLimit();
  }
  const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** The same from Node's report, which tells it on every UNIX, and takes longer. */
function reportedLimit(): number | undefined {
  const { report } = process as { report?: { excludeNetwork?: boolean; getReport(): object } };
  if (report === undefined || process.platform === 'win32') return undefined;
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft: unknown } } };
  if (before !== undefined) report.excludeNetwork = before;
  const soft = Number(userLimits?.open_files?.soft);
  return Number.isSafeInteger(soft) ? soft : undefined;
}

/** Where a person raises the limit. */
function advice(limit: number): string {
  return `raise the limit (ulimit -n ${limit}, or LimitNOFILE=${limit} in a unit of systemd)`;
}

/** With room for so many connections, a server that was told no number does well. */
const ENOUGH = 1000;

/**
 * What to say if so many connections cannot be reached.
 *
 * @param maxconn 0: as many as there can be.
 * @param asked whether somebody wants so many, or it is only the default.
 * @param processes that serve them.
 * @param limit of descriptors of each process.
 */
export function reachWarning(
  maxconn: number,
  asked: boolean,
  processes: number,
  limit: number | undefined,
): string | undefined {
  if (limit === undefined) return undefined;
  const each = Math.max(0, Math.floor((limit - RESERVE) / PER_CONNECTION));
  const reached = each * processes;
  if (reached >= (asked ? maxconn : Math.min(maxconn, ENOUGH))) return undefined;
  const needed = Math.ceil(maxconn / processes) * PER_CONNECTION + RESERVE;
  return (
    `maxconn ${maxconn} cannot be reached: a connection takes ${PER_CONNECTION} file descriptors, ` +
    `and a process may have ${limit}, which is enough for ${reached} connections; ` +
    `${advice(needed)}, or lower maxconn`
  );
}

let known: { readonly limit: number | undefined } | undefined;

/** Notices when file descriptors have run out, and tells it once a minute. */
export class DescriptorWatch {
  readonly #warn: (message: string) => void;
  #told = Number.NEGATIVE_INFINITY;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** As {@link descriptorLimit} has it, asked once: it takes a while where there is no /proc. */
  get limit(): number | undefined {
    known ??= { limit: descriptorLimit() };
    return known.limit;
  }

  /**
   * Takes the system's error of something that needed a descriptor.
   *
   * @param connections that there are at this moment.
   */
  saw(error: unknown, connections: number): void {
    const code = codeOf(error);
    if (code !== 'EMFILE' && code !== 'ENFILE') return;
    const now = monotonic();
    if (now - this.#told < PERIOD) return;
    this.#told = now;
    const mend =
      code === 'ENFILE'
        ? 'the system has none left: raise fs.file-max (sysctl), or close what has so many open'
        : `this process may have ${this.limit ?? 'no more'}: ` +
          `${advice(2 * (this.limit ?? 1024))}, or lower maxconn`;
    this.#warn(
      `out of file descriptors (${code}) with ${connections} connections: ` +
        `new ones are closed or refused until others end; ${mend}`,
    );
  }

  /**
   * Looks whether there is one left: the event loop closes clients for whom there is none without
   * a word ("emfile trick", src/unix/stream.c of libuv).
   *
   * @param connections that there are: with few it does not look.
   */
  look(connections: number): void {
    if (this.limit === undefined || connections * 8 < this.limit) return;
    try {
      closeSync(openSync(devNull, 'r'));
    } catch (error) {
      this.saw(error, connections);
    }
  }
}
