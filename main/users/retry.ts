/** Whether a keychain could be read now, as far as can be told without asking its user. */
export type Lock = 'open' | 'locked' | 'unknown';

/** How long after a keychain could not be read it is looked at again, at first and at most, ms. */
const FIRST = 1000;
const MOST = 10_000;
/** How often one is read of which nothing can be told, ms: each time may ask its user. */
const BLIND = 30_000;

/**
 * Looks again and again at a keychain that could not be read, until it could. Nobody is asked to
 * unlock it over and over: one that is known to be locked is only looked at.
 */
export class Retry {
  readonly #look: () => Promise<Lock>;
  readonly #read: () => Promise<void>;
  readonly #first: number;
  #timer: NodeJS.Timeout | undefined;
  #delay = 0;
  /** How long nothing could be told, ms. */
  #blind = 0;
  #asks = true;

  /**
   * @param look looks whether it could be read, without asking its user.
   * @param read reads it: `begin()` or `end()` come of that.
   * @param first after how long it is looked at first, ms.
   */
  constructor(look: () => Promise<Lock>, read: () => Promise<void>, first = FIRST) {
    this.#look = look;
    this.#read = read;
    this.#first = first;
  }

  /**
   * It could not be read.
   *
   * @param asks whether it may be read although its user may be asked: not if the user said no.
   */
  begin(asks: boolean): void {
    this.#asks = asks;
    clearTimeout(this.#timer);
    this.#delay = Math.min(MOST, this.#delay === 0 ? this.#first : this.#delay * 1.5);
    this.#timer = setTimeout(() => void this.#again(), this.#delay).unref();
  }

  /** It could be read, or need not be. */
  end(): void {
    clearTimeout(this.#timer);
    this.#delay = 0;
    this.#blind = 0;
  }

  async #again(): Promise<void> {
    const timer = this.#timer;
    const lock = await this.#look().catch((): Lock => 'unknown');
    // Somebody else has read it meanwhile.
    if (timer !== this.#timer) return;
    this.#blind = lock === 'unknown' ? this.#blind + this.#delay : 0;
    const reads = lock === 'open' || (this.#asks && this.#blind >= BLIND);
    if (reads) {
      this.#blind = 0;
      await this.#read();
    } else this.begin(this.#asks);
  }
}
