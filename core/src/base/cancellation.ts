/** The listeners of all that have none: most have none most of the time. */
const nobody: (() => void)[] = [];

/** Tells that something is to be given up. */
export interface CancellationToken {
  readonly cancelled: boolean;
  /** Calls back when it is cancelled, until `off()`; never if it was before. */
  on(listener: () => void): void;
  off(listener: () => void): void;
}

/**
 * Says that something is to be given up. An AbortController says the same, but one for every
 * connection costs more than all else that is allocated for it.
 */
export class Cancellation implements CancellationToken {
  #cancelled = false;
  #listeners: (() => void)[] = nobody;

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** How many wait to be called back. */
  get listeners(): number {
    return this.#listeners.length;
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    const listeners = this.#listeners;
    this.#listeners = nobody;
    for (const listener of listeners) listener();
  }

  /** Calls back when it is cancelled, until `off()`; never if it was before. */
  on(listener: () => void): void {
    if (!this.#cancelled) this.#listeners = [...this.#listeners, listener];
  }

  off(listener: () => void): void {
    const left = this.#listeners.filter((other) => other !== listener);
    this.#listeners = left.length > 0 ? left : nobody;
  }

  /** The same as an AbortSignal, for those who want one. */
  toSignal(): AbortSignal {
    const controller = new AbortController();
    if (this.#cancelled) controller.abort();
    else this.on(() => controller.abort());
    return controller.signal;
  }
}
