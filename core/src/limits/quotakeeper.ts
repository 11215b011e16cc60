import { systemMessage, UserError } from '../base/errors.js';
import { Sequence } from '../base/sequence.js';
import { type Usage, writeUsage } from './usage.js';

/** How often what was used is written, ms: a crash forgets no more than this. */
const INTERVAL = 10_000;

/** Knows what users and groups have used. */
export interface UsageTable {
  usage(): Readonly<Record<string, Usage>>;
  setUsage(usage: Readonly<Record<string, Usage>>): void;
}

/** Keeps what users and groups have used in a file, across restarts. */
export class QuotaKeeper {
  readonly file: string;
  readonly #table: UsageTable;
  readonly #warn: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** The last that was written, as JSON. */
  #written = '';
  readonly #writes = new Sequence();
  #isHandedOn = false;
  /** What was warned of last, until it is over. */
  #trouble: string | undefined;

  /**
   * @param usage what the file says was used so far.
   * @param warn told once when the file cannot be written, and not again until it can.
   */
  constructor(
    file: string,
    usage: Readonly<Record<string, Usage>>,
    table: UsageTable,
    warn: (message: string) => void,
  ) {
    this.file = file;
    this.#table = table;
    this.#warn = warn;
    table.setUsage(usage);
    this.#timer = setInterval(() => void this.#save(), INTERVAL).unref();
  }

  /**
   * Writes what was used until now, whether it has changed or not.
   *
   * @throws {UserError} if the file cannot be written.
   */
  async save(): Promise<void> {
    this.#written = '';
    const trouble = await this.#write();
    if (trouble === undefined) return;
    this.#trouble = trouble;
    throw new UserError(trouble);
  }

  /** Writes what was used for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#isHandedOn) await this.#save();
  }

  /**
   * Leaves the file to another process, which goes on from what is in it.
   *
   * @throws {UserError} if it cannot be written.
   */
  async handOn(): Promise<void> {
    await this.save();
    this.#isHandedOn = true;
    clearInterval(this.#timer);
  }

  async #save(): Promise<void> {
    const trouble = await this.#write();
    if (trouble !== undefined && trouble !== this.#trouble) this.#warn(trouble);
    this.#trouble = trouble;
  }

  /** Writes what has been used by now, after what is being written. @returns what went wrong. */
  #write(): Promise<string | undefined> {
    const usage = this.#table.usage();
    const text = JSON.stringify(usage);
    return this.#writes.run(async () => {
      if (text === this.#written) return undefined;
      try {
        await writeUsage(this.file, usage);
        this.#written = text;
        return undefined;
      } catch (error) {
        return `cannot write the quota file "${this.file}": ${systemMessage(error)}`;
      }
    });
  }
}
