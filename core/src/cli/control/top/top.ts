import { emitKeypressEvents } from 'node:readline';
import { monotonic } from '../../../base/clock.js';
import { messageOf, UserError } from '../../../base/errors.js';
import type {
  ConnectionAnswer,
  ConnectionsAnswer,
  StatusAnswer,
} from '../../../control/answers.js';
import type { ControlClient } from '../../../control/client.js';
import type { ControlCommand } from '../command.js';
import { visible } from '../text.js';
import { Model } from './model.js';
import { linesOf, pageSize } from './screen.js';

/** Connections that are listed at most. */
const MOST = 20_000;
const PAGE = 10_000;

const ALTERNATE_SCREEN = '\x1b[?1049h\x1b[?25l';
const USUAL_SCREEN = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';

interface Key {
  readonly name?: string;
  readonly sequence?: string;
  readonly ctrl?: boolean;
}

/** `picosocks5 top`. */
export const top: ControlCommand = {
  usage: '[--interval SECONDS] [FILTER]',
  help: `Shows the connections of a running server as they are, in a table that is made
anew: who moves how much, the fastest first.

      --interval SECONDS
                        how often, 0.2 to 60; 1 if left out

FILTER is a part of a user, client, destination, command or way out, or NAME=VALUE
as for "picosocks5 connections". Keys:
  q, Ctrl+C             ends it
  /                     another filter: Enter takes it, Esc takes none
  s, r                  another order: rate, bytes, age, user, client,
                        destination, id; and the other way round
  up, down, page keys   choose a connection
  k                     ends it, once that is confirmed by y
  p                     pauses, and goes on
`,
  options: { interval: { type: 'string' } },
  async run(client, { words, flags }) {
    const interval = flags['interval'] === undefined ? 1 : Number(flags['interval']);
    if (!(interval >= 0.2 && interval <= 60)) {
      const text = String(flags['interval']);
      throw new UserError(`--interval: expected seconds from 0.2 to 60, not "${text}"`);
    }
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw new UserError(
        'it needs a terminal; "picosocks5 connections" lists connections without one',
      );
    }
    await new Top(client, interval * 1000, words.join(' ')).run();
  },
};

/** A table in the terminal, for as long as it is looked at. */
class Top {
  readonly #client: ControlClient;
  /** ms */
  readonly #interval: number;
  readonly #model = new Model();
  #status: StatusAnswer | undefined;
  #unlisted = 0;
  #isPaused = false;
  /** What is being typed for a filter. */
  #typed: string | undefined;
  /** The connection of which it is asked whether it is to be ended. */
  #asked: number | undefined;
  #told: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the screen is the terminal's again. */
  #isOver = false;
  #settle: (error?: unknown) => void = () => {};

  constructor(client: ControlClient, interval: number, filter: string) {
    this.#client = client;
    this.#interval = interval;
    this.#model.filter = filter;
  }

  /** Until it is quit. @throws {UserError} if the server does not answer. */
  async run(): Promise<void> {
    // What is wrong with the server is said on the usual screen.
    await this.#look();
    const { stdin, stdout } = process;
    const end = new Promise<void>((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    const onKey = (text: string | undefined, key: Key) => this.#press(text ?? '', key);
    const onResize = () => this.#draw();
    const onSignal = () => this.#settle();
    emitKeypressEvents(stdin);
    stdin.setRawMode(true);
    stdin.on('keypress', onKey).resume();
    stdout.on('resize', onResize).write(ALTERNATE_SCREEN);
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, onSignal);
    this.#draw();
    this.#again();
    try {
      await end;
    } finally {
      this.#isOver = true;
      clearTimeout(this.#timer);
      stdin.setRawMode(false);
      stdin.off('keypress', onKey).pause();
      stdout.off('resize', onResize).write(USUAL_SCREEN);
      for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.off(signal, onSignal);
    }
  }

  #again(): void {
    this.#timer = setTimeout(async () => {
      try {
        if (!this.#isPaused) await this.#look();
        this.#draw();
        if (!this.#isOver) this.#again();
      } catch (error) {
        this.#settle(error);
      }
    }, this.#interval);
  }

  async #look(): Promise<void> {
    const found: ConnectionAnswer[] = [];
    let page: ConnectionsAnswer | undefined;
    const time = monotonic();
    do {
      const after = page?.next === undefined ? {} : { after: page.next };
      page = await this.#client.get<ConnectionsAnswer>('/v1/connections', {
        limit: PAGE,
        ...after,
      });
      found.push(...page.connections);
    } while (page.next !== undefined && found.length < MOST);
    this.#status = await this.#client.get<StatusAnswer>('/v1/status');
    this.#unlisted = Math.max(0, page.total - found.length);
    this.#model.take(found, time, Date.now());
  }

  #draw(): void {
    if (this.#isOver) return;
    const { columns = 80, rows = 24 } = process.stdout;
    const status = this.#status as StatusAnswer;
    const around = {
      status,
      prompt: this.#prompt(),
      isPaused: this.#isPaused,
      unlisted: this.#unlisted,
    };
    const lines = linesOf(this.#model, around, { columns, rows });
    process.stdout.write(HOME + lines.join('\r\n'));
  }

  #prompt(): string | undefined {
    if (this.#typed !== undefined) return `filter: ${this.#typed && visible(this.#typed)}_`;
    if (this.#asked !== undefined) return `disconnect #${this.#asked}? y or n`;
    return this.#told;
  }

  #press(text: string, key: Key): void {
    this.#told = undefined;
    if (key.ctrl && key.name === 'c') {
      this.#settle();
      return;
    }
    if (this.#typed !== undefined) this.#type(text, key);
    else if (this.#asked !== undefined) this.#confirm(text);
    else this.#choose(text, key);
    this.#draw();
  }

  #type(text: string, { name }: Key): void {
    const typed = this.#typed ?? '';
    if (name === 'return' || name === 'enter') {
      this.#model.filter = typed;
      this.#typed = undefined;
    } else if (name === 'escape') {
      this.#model.filter = '';
      this.#typed = undefined;
    } else if (name === 'backspace') this.#typed = typed.slice(0, -1);
    else if (/^\P{C}+$/u.test(text)) this.#typed = (typed + text).slice(0, 200);
    this.#model.arrange();
  }

  #confirm(text: string): void {
    const id = this.#asked as number;
    this.#asked = undefined;
    if (text !== 'y') return;
    this.#client.post<{ disconnected: number }>('/v1/disconnect', { id }).then(
      ({ disconnected }) =>
        this.#tell(disconnected > 0 ? `#${id} ended` : `#${id} was over already`),
      (error: unknown) => this.#tell(messageOf(error)),
    );
  }

  #tell(message: string): void {
    this.#told = message;
    this.#draw();
  }

  #choose(text: string, { name }: Key): void {
    const { columns = 80, rows = 24 } = process.stdout;
    const page = pageSize({ columns, rows });
    const moves: Readonly<Record<string, number>> = {
      up: -1,
      down: 1,
      pageup: -page,
      pagedown: page,
      home: Number.NEGATIVE_INFINITY,
      end: Number.POSITIVE_INFINITY,
    };
    const by = moves[name ?? ''];
    if (by !== undefined) this.#model.move(by);
    else if (text === 'q') this.#settle();
    else if (text === '/') this.#typed = '';
    else if (text === 's') this.#model.nextOrder();
    else if (text === 'r') {
      this.#model.isReversed = !this.#model.isReversed;
      this.#model.arrange();
    } else if (text === 'p') this.#isPaused = !this.#isPaused;
    else if (text === 'k') this.#asked = this.#model.chosen?.one.id;
  }
}
