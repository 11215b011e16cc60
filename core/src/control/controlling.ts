import { messageOf } from '../base/errors.js';
import type { Settings } from '../config/settings.js';
import type { Log } from '../log/log.js';
import type { LogLevels } from '../process/loglevel.js';
import type { EventNews } from '../process/observing.js';
import type { Reloader } from '../process/reloader.js';
import type { UsageDays } from '../process/usagedays.js';
import { ControlInterface } from './control.js';
import type { Controlled } from './controlled.js';
import { EventFeed } from './feed.js';

/** Whom a control interface speaks for. */
export interface Speakers {
  readonly service: Controlled;
  readonly levels: LogLevels;
  readonly reloader: Reloader;
  readonly log: Log;
  /** undefined: it is not kept what users move in a day. */
  readonly usage: UsageDays | undefined;
  readonly replace: () => Promise<number>;
}

/** The control interface of the program, from the time when it may bind until the program ends. */
export class Controlling {
  readonly #started = Date.now();
  readonly #interface: ControlInterface;
  #feed: EventFeed | undefined;
  #isDraining = false;

  constructor(bound: ControlInterface) {
    this.#interface = bound;
  }

  /** Takes events that the service was asked for. */
  take(news: EventNews): void {
    this.#feed?.take(news);
  }

  /** Answers from now on. @throws {UserError} if it cannot listen. */
  async serve({ service, levels, reloader, log, usage, replace }: Speakers): Promise<void> {
    const feed = new EventFeed((level) => service.observe(level));
    this.#feed = feed;
    log.onSaid = (event) => feed.handle(event);
    for (const message of this.#interface.warnings) {
      log.handle({ type: 'warning', time: Date.now(), message });
    }
    await this.#interface.serve({
      service,
      feed,
      levels,
      reloader,
      usage,
      replace,
      started: this.#started,
      isDraining: () => this.#isDraining,
    });
  }

  /**
   * Shows the certificate that settings name, as it is now, and warns of what is wrong with it: one
   * that cannot be used leaves the one before.
   */
  async renew(settings: Settings, warn: (message: string) => void): Promise<void> {
    try {
      await this.#interface.renew(settings);
      for (const warning of this.#interface.warnings) warn(warning);
    } catch (error) {
      warn(`${messageOf(error)}; the control interface keeps the certificate that it has`);
    }
  }

  /** From now on it says that the server is about to end. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Leaves its place to the process that has taken this one's, and answers who has come already. */
  handOn(): void {
    this.#isDraining = true;
    this.#interface.handOn();
  }

  close(): void {
    this.#interface.close();
  }
}

/** @throws {UserError} as {@link ControlInterface.bind} does. */
export async function bindControl(
  settings: Settings & { readonly control: string },
): Promise<Controlling> {
  return new Controlling(await ControlInterface.bind(settings));
}
