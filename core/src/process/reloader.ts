import { messageOf, UserError } from '../base/errors.js';
import { Sequence } from '../base/sequence.js';
import { type Difference, differencesOf } from '../config/differences.js';
import { filesOf } from '../config/files.js';
import { waitForRestart } from '../config/options.js';
import type { Settings } from '../config/settings.js';

/** What a reload changes, or would change. */
export interface ReloadOutcome {
  readonly changes: readonly (Difference & {
    /** Whether it is in force only after a restart. */
    readonly restart: boolean;
  })[];
  /** The files that options name, which are read again. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

/** What came of a reload. */
export interface LastReload {
  /** In RFC 3339's form. */
  readonly time: string;
  readonly ok: boolean;
  /** Why nothing was reloaded. */
  readonly message?: string;
}

/** What a reload needs. */
export interface Reloading {
  readonly service: {
    reload(settings: Settings): Promise<void>;
    /** Says what settings would be warned of. @throws {UserError} if they could not be taken. */
    tryReload(settings: Settings): Promise<readonly string[]>;
  };
  readonly manager: { reloading(): Promise<void>; reloaded(): Promise<void> };
  /** Reads the settings again. */
  load(warn: (message: string) => void): Promise<Settings>;
  /** Told before a reload begins, however it ends. */
  begins(): void;
  /** Takes settings that are in force. */
  changed(settings: Settings): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Reads the configuration again: one time after the other. */
export class Reloader {
  readonly #parts: Reloading;
  readonly #started: Settings;
  /** What is in force. */
  #settings: Settings;
  #last: LastReload | undefined;
  readonly #reloads = new Sequence();

  /**
   * @param settings those that the process was started with.
   * @param start settled when there is something to reload.
   */
  constructor(parts: Reloading, settings: Settings, start: Promise<unknown>) {
    this.#parts = parts;
    this.#started = settings;
    this.#settings = settings;
    void this.#reloads.run(() => start).catch(() => {});
  }

  /**
   * Reads it, and puts it into force. What comes of it is logged as well.
   *
   * @throws {UserError} why nothing was reloaded.
   */
  reload(): Promise<ReloadOutcome> {
    const { service, manager } = this.#parts;
    this.#parts.begins();
    return this.#reloads.run(async () => {
      await manager.reloading();
      const warnings: string[] = [];
      const warn = (message: string) => {
        warnings.push(message);
        this.#parts.warn(message);
      };
      try {
        const changed = await this.#parts.load(warn);
        await service.reload(changed);
        const outcome = this.#outcome(changed, warnings);
        for (const name of waitForRestart(this.#started, changed)) {
          warn(`${name}: a change is in force only after a restart`);
        }
        this.#parts.changed(changed);
        this.#settings = this.#inForce(changed);
        this.#last = { time: new Date().toISOString(), ok: true };
        return outcome;
      } catch (error) {
        const trouble =
          error instanceof UserError ? error.message : `internal error: ${messageOf(error)}`;
        this.#last = { time: new Date().toISOString(), ok: false, message: trouble };
        this.#parts.error(`nothing was reloaded: ${trouble}`);
        throw error;
      } finally {
        await manager.reloaded();
      }
    });
  }

  /** What came of the last reload; undefined if there was none. */
  get last(): LastReload | undefined {
    return this.#last;
  }

  /** The settings that are in force. */
  get settings(): Settings {
    return this.#settings;
  }

  /**
   * Says what a reload would change.
   *
   * @throws {UserError} why nothing would be reloaded.
   */
  preview(): Promise<ReloadOutcome> {
    return this.#reloads.run(async () => {
      const warnings: string[] = [];
      const changed = await this.#parts.load((message) => warnings.push(message));
      warnings.push(...(await this.#parts.service.tryReload(changed)));
      return this.#outcome(changed, warnings);
    });
  }

  #outcome(changed: Settings, warnings: readonly string[]): ReloadOutcome {
    const waiting = new Set(waitForRestart(this.#started, changed));
    const changes = differencesOf(this.#settings, changed).map((one) => ({
      ...one,
      restart: one.section === undefined && waiting.has(one.option),
    }));
    return { changes, files: filesOf(changed).map(({ name }) => name), warnings };
  }

  /** New settings, with those of the start where only a restart changes them. */
  #inForce(changed: Settings): Settings {
    const settings: Record<string, unknown> = { ...changed };
    const started: Readonly<Record<string, unknown>> = { ...this.#started };
    const waiting = new Set(waitForRestart(this.#started, changed));
    for (const { option, section } of differencesOf(this.#started, changed)) {
      if (section !== undefined || !waiting.has(option)) continue;
      const key = option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      settings[key] = started[key];
    }
    return settings;
  }
}
