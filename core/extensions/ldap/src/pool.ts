import { monotonic, UserError } from 'picosocks5';
import { isOfServer, Link, type LinkOptions } from './link.js';

/** How long a connection rests at most before it is closed, ms. */
const REST = 60_000;
/** For so long a server that failed is asked last, ms. */
const AVOID = 30_000;
/** How many may wait for a connection. */
const MAX_WAITING = 1000;

/** Which servers there are, and which of them failed lately. */
export class Servers {
  readonly #all: readonly string[];
  /** Until when each is avoided, monotonic ms. */
  readonly #avoided = new Map<string, number>();

  constructor(all: readonly string[]) {
    this.#all = all;
  }

  /** In the order in which they are to be tried. */
  get inOrder(): readonly string[] {
    const now = monotonic();
    const avoids = (server: string) => (this.#avoided.get(server) ?? 0) > now;
    const fine = this.#all.filter((server) => !avoids(server));
    return [...fine, ...this.#all.filter(avoids)];
  }

  failed(server: string): void {
    this.#avoided.set(server, monotonic() + AVOID);
  }

  answered(server: string): void {
    this.#avoided.delete(server);
  }
}

interface Resting {
  readonly link: Link;
  readonly since: number;
}

/** Connections that are used again. */
export class Pool {
  readonly #servers: Servers;
  readonly #options: LinkOptions;
  readonly #prepare: (link: Link) => Promise<void>;
  readonly #size: number;
  #resting: Resting[] = [];
  #used = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  /** @param prepare what is done once with each connection. */
  constructor(
    servers: Servers,
    options: LinkOptions,
    size: number,
    prepare: (link: Link) => Promise<void>,
  ) {
    this.#servers = servers;
    this.#options = options;
    this.#size = size;
    this.#prepare = prepare;
    this.#timer = setInterval(() => this.#closeOld(), REST / 4).unref();
  }

  /**
   * Asks the first server that answers. A connection that was used before and turns out to be lost
   * says nothing of its server: it is asked again on a new one.
   *
   * @param signal aborted when nobody waits for the answer any more.
   * @throws {UserError} if none answers; what `ask` throws, if a server did.
   */
  async ask<T>(ask: (link: Link) => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      const problems: string[] = [];
      for (const server of this.#servers.inOrder) {
        for (;;) {
          if (signal?.aborted === true) throw new UserError('nobody waits for the answer any more');
          const used = this.#takeResting(server);
          const { answer, problem } = await this.#askOne(server, used, ask);
          if (answer !== undefined) return answer.value;
          if (used !== undefined) continue;
          problems.push(`${server}: ${problem}`);
          this.#servers.failed(server);
          break;
        }
      }
      throw new UserError(`no server of the directory answers: ${problems.join('; ')}`);
    } finally {
      this.#used--;
      this.#waiting.shift()?.();
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const { link } of this.#resting) link.close();
    this.#resting = [];
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #askOne<T>(
    server: string,
    used: Link | undefined,
    ask: (link: Link) => Promise<T>,
  ): Promise<{ answer?: { value: T }; problem?: string }> {
    let link = used;
    try {
      if (link === undefined) {
        link = await Link.open(server, this.#options);
        await this.#prepare(link);
      }
      const value = await ask(link);
      this.#servers.answered(server);
      this.#rest(link);
      return { answer: { value } };
    } catch (error) {
      if (!isOfServer(error)) {
        if (link !== undefined) this.#rest(link);
        throw error;
      }
      link?.close();
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }

  #rest(link: Link): void {
    if (this.#isClosed || !link.isOpen) link.close();
    else this.#resting.push({ link, since: monotonic() });
  }

  #takeResting(server: string): Link | undefined {
    for (;;) {
      const index = this.#resting.findLastIndex(({ link }) => link.server === server);
      if (index < 0) return undefined;
      const [{ link }] = this.#resting.splice(index, 1) as [Resting];
      if (link.isOpen) return link;
      link.close();
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) throw new UserError('too many logins at once');
    while (this.#used >= this.#size && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (signal?.aborted !== true) continue;
      this.#waiting.shift()?.();
      throw new UserError('nobody waits for the answer any more');
    }
    if (this.#isClosed) throw new UserError('the directory was closed');
    this.#used++;
  }

  #closeOld(): void {
    const oldest = monotonic() - REST;
    for (const { link, since } of this.#resting) if (since < oldest) link.close();
    this.#resting = this.#resting.filter(({ since }) => since >= oldest);
  }
}
