import { access, constants, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, systemMessage, UserError } from '../base/errors.js';
import { changeFile } from '../base/replacefile.js';
import { Sequence } from '../base/sequence.js';
import type { ConnectionInfo, ServerEvent } from '../log/events.js';

/** How often open connections are looked at and the file is written, ms: a crash forgets no more. */
const INTERVAL = 60_000;
/** Days that are kept. */
const MOST_DAYS = 400;
/** Users of a day that are told apart; what others use is counted together. */
const MOST_USERS = 10_000;
const OTHERS = '*';
/** Who has not logged in. */
const ANONYMOUS = '-';

/** What a user has moved in a day. */
export interface DayUsage {
  /** Bytes from and to clients. */
  readonly up: number;
  readonly down: number;
  /** Connections that were first seen on this day. */
  readonly connections: number;
}

/** By day, as `2026-11-25`, and by user; `-` has not logged in. */
export type Days = Readonly<Record<string, Readonly<Record<string, DayUsage>>>>;

interface Counted {
  readonly up: number;
  readonly down: number;
}

/** The day of local time. */
function dayOf(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function isDays(value: unknown): value is Days {
  const isTable = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  const isCount = (one: unknown) => Number.isFinite(one) && Number(one) >= 0;
  return (
    isTable(value) &&
    Object.values(value as object).every(
      (day) =>
        isTable(day) &&
        Object.values(day as Record<string, Partial<DayUsage>>).every(
          (one) => isTable(one) && isCount(one.up) && isCount(one.down) && isCount(one.connections),
        ),
    )
  );
}

/** @throws {UserError} if the file cannot be read, or has something else. */
async function readDays(file: string): Promise<Days> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    throw new UserError(`cannot read the usage file "${file}": ${systemMessage(error)}`);
  }
  try {
    const { days } = JSON.parse(text) as { days?: unknown };
    if (isDays(days)) return days;
  } catch {
    // Said below.
  }
  throw new UserError(
    `the usage file "${file}" is damaged, or is something else; expected what the server has ` +
      'written: move it aside to begin anew',
  );
}

/** What users move in a day, counted of connections while they last, and kept in a file. */
export class UsageDays {
  readonly #file: string;
  readonly #warn: (message: string) => void;
  readonly #days = new Map<string, Map<string, DayUsage>>();
  /** What is counted already, of connections that are open. */
  readonly #counted = new Map<number, Counted>();
  /** Those that were over while it was asked for those that are open. */
  readonly #over = new Set<number>();
  #isAsking = false;
  #isChanged = false;
  #isHandedOn = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #samples = new Sequence();
  readonly #writes = new Sequence();

  private constructor(file: string, days: Days, warn: (message: string) => void) {
    this.#file = file;
    this.#warn = warn;
    for (const [day, users] of Object.entries(days)) {
      this.#days.set(day, new Map(Object.entries(users)));
    }
  }

  /**
   * @param warn told if the file cannot be written any more.
   * @throws {UserError} if it cannot be read or written, or has something else.
   */
  static async open(file: string, warn: (message: string) => void): Promise<UsageDays> {
    const usage = new UsageDays(file, await readDays(file), warn);
    await usage.demandWritable();
    return usage;
  }

  /** @throws {UserError} if the process as it is now could not write the file. */
  async demandWritable(): Promise<void> {
    const isWritable = (path: string) => access(path, constants.W_OK);
    try {
      await isWritable(this.#file).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return isWritable(dirname(this.#file));
        throw error;
      });
    } catch (error) {
      throw new UserError(`cannot write the usage file "${this.#file}": ${systemMessage(error)}`);
    }
  }

  /** Looks at open connections from time to time. */
  start(connections: () => Promise<readonly ConnectionInfo[]>): void {
    this.#timer = setInterval(() => {
      void this.sample(connections).then(() => this.save());
    }, INTERVAL).unref();
  }

  /** Takes an event: of a connection that is over. */
  handle(event: ServerEvent): void {
    if (event.type !== 'closed') return;
    if (this.#isAsking) this.#over.add(event.id);
    this.#count(event);
    this.#counted.delete(event.id);
  }

  /** Counts what open connections have moved so far. @param connections asks for them. */
  sample(connections: () => Promise<readonly ConnectionInfo[]>): Promise<void> {
    return this.#samples.run(async () => {
      this.#isAsking = true;
      const open = await connections().catch(() => []);
      for (const one of open) if (!this.#over.has(one.id)) this.#count(one);
      this.#isAsking = false;
      this.#over.clear();
    });
  }

  #count({ id, user = ANONYMOUS, up, down }: ConnectionInfo): void {
    const before = this.#counted.get(id);
    const day = dayOf(new Date());
    const users = this.#days.get(day) ?? new Map<string, DayUsage>();
    if (!this.#days.has(day)) {
      this.#days.set(day, users);
      for (const old of [...this.#days.keys()].sort().slice(0, -MOST_DAYS)) this.#days.delete(old);
    }
    const name = users.has(user) || users.size < MOST_USERS ? user : OTHERS;
    const sum = users.get(name) ?? { up: 0, down: 0, connections: 0 };
    users.set(name, {
      up: sum.up + Math.max(0, up - (before?.up ?? 0)),
      down: sum.down + Math.max(0, down - (before?.down ?? 0)),
      connections: sum.connections + (before === undefined ? 1 : 0),
    });
    this.#counted.set(id, { up, down });
    this.#isChanged = true;
  }

  /** The last days, the latest first. @param count how many at most. */
  last(count: number) {
    const days = [...this.#days].sort(([a], [b]) => (a < b ? 1 : -1)).slice(0, count);
    return days.map(([day, users]) => ({
      day,
      users: [...users].map(([name, usage]) => ({ name, ...usage })),
    }));
  }

  /** Writes what is counted, whole or not at all. */
  save(): Promise<void> {
    return this.#writes.run(async () => {
      if (!this.#isChanged || this.#isHandedOn) return;
      this.#isChanged = false;
      const days = Object.fromEntries(
        [...this.#days].map(([day, users]) => [day, Object.fromEntries(users)]),
      );
      try {
        await changeFile(this.#file, () => Buffer.from(`${JSON.stringify({ days })}\n`));
      } catch (error) {
        this.#isChanged = true;
        this.#warn(`the usage file: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  }

  /** Leaves the file to another process, which goes on from what is in it. */
  async handOn(): Promise<void> {
    clearInterval(this.#timer);
    await this.save();
    this.#isHandedOn = true;
  }

  /** Writes all, for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.save();
  }
}
