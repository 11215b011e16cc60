import { LOG_CAPACITY, LOG_LEVELS, type LogLevelName, type LogLine } from '../main/ipc/contract.js';

/** Lines in place of which there is only how many they are, or a line itself. */
export type LogRow = LogLine | Gap;

export interface Gap {
  /** Below 0: no line has it. */
  readonly id: number;
  /** How many lines are left out. */
  readonly missing: number;
}

/** What is shown of the log. */
export interface LogFilter {
  readonly text: string;
  /** The least severe level that is shown. */
  readonly level: Exclude<LogLevelName, 'none'>;
}

export function isGap(row: LogRow): row is Gap {
  return 'missing' in row;
}

/** The lines of the log that the window has, the oldest first: so many at most. */
export class LogLines {
  readonly #capacity: number;
  #lines: readonly LogLine[] = [];

  constructor(capacity = LOG_CAPACITY) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#lines.length;
  }

  /** Begins anew. @param after only with lines of larger ids. */
  replace(lines: readonly LogLine[], after = 0): void {
    this.#lines = lines.filter(({ id }) => id > after).slice(-this.#capacity);
  }

  add(lines: readonly LogLine[]): void {
    this.#lines = [...this.#lines, ...lines].slice(-this.#capacity);
  }

  /** The newest id; 0 if there are no lines. */
  get last(): number {
    return this.#lines.at(-1)?.id ?? 0;
  }

  get(id: number): LogLine | undefined {
    const first = this.#lines.findIndex((line) => line.id >= id);
    const line = this.#lines[first];
    return line?.id === id ? line : undefined;
  }

  /** Those that fit a filter, with gaps where the app had more lines than the window took. */
  select({ text, level }: LogFilter): LogRow[] {
    const wanted = text.trim().toLowerCase();
    const severity = LOG_LEVELS.indexOf(level);
    const rows: LogRow[] = [];
    let before: number | undefined;
    for (const line of this.#lines) {
      const missing = before === undefined ? 0 : line.id - before - 1;
      if (missing > 0) rows.push({ id: -line.id, missing });
      before = line.id;
      if (LOG_LEVELS.indexOf(line.level) > severity) continue;
      if (wanted === '' || line.text.toLowerCase().includes(wanted)) rows.push(line);
    }
    return rows;
  }
}

/** A line as the file has it, without the day's rest. */
export function lineText({ time, level, text }: LogLine): string {
  return `${new Date(time).toISOString()} ${level.padEnd(6)} ${text}`;
}
