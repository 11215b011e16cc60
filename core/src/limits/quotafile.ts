import { QuotaKeeper, type UsageTable } from './quotakeeper.js';
import { readUsage, type Usage } from './usage.js';

type Usages = Readonly<Record<string, Usage>>;

/** The quota file that options name, which may be another one after a reload, or none. */
export class QuotaFile {
  readonly #table: UsageTable;
  readonly #warn: (message: string) => void;
  #keeper: QuotaKeeper | undefined;

  /** @param warn told of a file that is damaged, or cannot be written. */
  constructor(table: UsageTable, warn: (message: string) => void) {
    this.#table = table;
    this.#warn = warn;
  }

  /**
   * Reads a file that is not kept yet. Nothing changes.
   *
   * @returns what it says that was used; undefined where there is nothing to be read.
   * @throws {UserError} if it cannot be read, or could not be written.
   */
  async read(file: string | undefined): Promise<Usages | undefined> {
    if (file === undefined || file === this.#keeper?.file) return undefined;
    return readUsage(file, this.#warn);
  }

  /** From now on keeps this file, or none. @param usage what {@link read} says of it. */
  keep(file: string | undefined, usage: Usages = {}): void {
    if (file === this.#keeper?.file) return;
    void this.#keeper?.close();
    this.#keeper =
      file === undefined ? undefined : new QuotaKeeper(file, usage, this.#table, this.#warn);
  }

  /** Writes what was used until now. @throws {UserError} if the file cannot be written. */
  async save(): Promise<void> {
    await this.#keeper?.save();
  }

  /** Leaves the file to another process. @throws {UserError} if it cannot be written. */
  async handOn(): Promise<void> {
    await this.#keeper?.handOn();
  }

  /** Writes what was used for the last time. */
  async close(): Promise<void> {
    await this.#keeper?.close();
  }
}
