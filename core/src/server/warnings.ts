import { monotonic } from '../base/clock.js';
import { warnOfLayers } from '../config/layers.js';
import type { LoadedListener, State } from '../config/loaded.js';
import { defaultOf } from '../config/options.js';
import type { CheckedOptions } from '../config/settings.js';
import { DescriptorWatch, reachWarning } from '../listening/descriptors.js';
import type { Sharing } from '../sharing/sharing.js';

/** How often layers are asked what deserves a warning, ms. */
const DAY = 24 * 3600 * 1000;

/**
 * What a running server warns of by itself: that file descriptors are too few, and once a day what
 * its layers have to say, such as of a certificate that ends soon. Of several processes the first
 * one tells what is the same for all.
 */
export class Warnings {
  readonly #warn: (message: string) => void;
  readonly #sharing: Sharing;
  readonly #descriptors: DescriptorWatch;
  /** When layers were asked last, monotonic ms: who loads them asks them as well. */
  #lookedAtLayers = 0;

  constructor(sharing: Sharing, warn: (message: string) => void) {
    this.#sharing = sharing;
    this.#warn = warn;
    this.#descriptors = new DescriptorWatch(warn);
  }

  /** Takes a state that was just loaded. @param before the options that were in force. */
  use({ options: { maxconn } }: State, before: CheckedOptions | undefined): void {
    this.#lookedAtLayers = monotonic();
    if (maxconn !== before?.maxconn) this.#warnOfReach(maxconn);
  }

  /** Takes the system's error. @param connections that there are at this moment. */
  saw(error: unknown, connections: number): void {
    this.#descriptors.saw(error, connections);
  }

  /**
   * Looks whether there is something to warn of.
   *
   * @param now monotonic ms.
   * @param connections that there are.
   * @param listeners those in force.
   */
  look(now: number, connections: number, listeners: readonly LoadedListener[]): void {
    this.#descriptors.look(connections);
    if (now - this.#lookedAtLayers < DAY) return;
    this.#lookedAtLayers = now;
    const { firstId, idStep } = this.#sharing;
    if ((firstId - 1) % idStep === 0) warnOfLayers(listeners, this.#warn);
  }

  /** Says so if there cannot be as many connections. */
  #warnOfReach(maxconn: number): void {
    const { firstId, idStep } = this.#sharing;
    const asked = maxconn !== defaultOf('maxconn');
    const warning = reachWarning(maxconn, asked, idStep, this.#descriptors.limit);
    if (warning !== undefined && firstId === 1) this.#warn(warning);
  }
}
