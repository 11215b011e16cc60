import type { LogLevel } from '../config/settings.js';

/** What is logged: as the configuration says, or for a while something else. */
export class LogLevels {
  readonly #apply: (level: LogLevel, isTemporary: boolean) => void;
  #configured: LogLevel;
  #temporary: { readonly level: LogLevel; readonly until: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param apply has everything logged at a level. */
  constructor(
    configured: LogLevel = 'info',
    apply: (level: LogLevel, isTemporary: boolean) => void,
  ) {
    this.#configured = configured;
    this.#apply = apply;
  }

  get level(): LogLevel {
    return this.#temporary?.level ?? this.#configured;
  }

  get configured(): LogLevel {
    return this.#configured;
  }

  /** When the configured level counts again, ms since 1970; undefined if it does. */
  get until(): number | undefined {
    return this.#temporary?.until;
  }

  /** Takes what the configuration says; one that is set for a while goes on. */
  configure(level: LogLevel = 'info'): void {
    this.#configured = level;
    if (this.#temporary === undefined) this.#apply(level, false);
  }

  /** Logs at another level. @param seconds for how long, up to a day. */
  setFor(level: LogLevel, seconds: number): void {
    clearTimeout(this.#timer);
    this.#temporary = { level, until: Date.now() + seconds * 1000 };
    this.#timer = setTimeout(() => this.reset(), seconds * 1000).unref();
    this.#apply(level, true);
  }

  /** Logs as the configuration says. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#temporary = undefined;
    this.#apply(this.#configured, false);
  }
}
