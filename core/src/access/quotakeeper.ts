import { systemMessage } from '../errors.js';
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
  #written = '';

  /**
   * @param usage what the file says was used so far.
   * @param warn told when the file cannot be written.
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

  /** Writes what was used for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#save();
  }

  async #save(): Promise<void> {
    const usage = this.#table.usage();
    const text = JSON.stringify(usage);
    if (text === this.#written) return;
    try {
      await writeUsage(this.file, usage);
      this.#written = text;
    } catch (error) {
      this.#warn(`cannot write the quota file "${this.file}": ${systemMessage(error)}`);
    }
  }
}
