import { isUtf8 } from 'node:buffer';
import { UserError } from '../base/errors.js';

/** Octets that are read at most where two lines are expected. */
const MAX_INPUT = 64 * 1024;
/** RFC 1929 has one octet for the length of a password. */
const MAX_PASSWORD = 255;

const INTERRUPT = 0x03;
const END = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const KILL_LINE = 0x15;
const DELETE = 0x7f;

/**
 * Asks for a password twice; on a terminal without echo. Without a terminal the second time is
 * optional. It is taken as the octets that come, in whatever encoding: clients send octets, too.
 *
 * @param prompt such as `Password for alice`.
 * @throws {UserError} if there is none, it is too long, or the second is not the first.
 */
export async function askPassword(prompt: string): Promise<Buffer> {
  const { isTTY = false } = process.stdin;
  const input = isTTY ? new TerminalInput() : new PipeInput();
  try {
    const password = await input.line(`${prompt}: `);
    if (password === undefined || password.length === 0) {
      throw new UserError('no password was given');
    }
    if (password.length > MAX_PASSWORD) {
      throw new UserError(`the password is longer than ${MAX_PASSWORD} bytes`);
    }
    const again = await input.line(`${prompt} (again): `);
    if (again === undefined ? isTTY : !again.equals(password)) {
      throw new UserError('the passwords differ');
    }
    again?.fill(0);
    return password;
  } finally {
    input.close();
  }
}

/** Octets as they come, until somebody has enough. */
class Octets {
  #waiting: Buffer[] = [];
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #onData = (chunk: Buffer) => {
    this.#waiting.push(chunk);
    this.#wake?.();
  };
  readonly #onEnd = () => {
    this.#ended = true;
    this.#wake?.();
  };

  constructor() {
    process.stdin.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onEnd);
  }

  /** The next ones; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    while (this.#waiting.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#waiting.shift();
  }

  close(): void {
    process.stdin.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onEnd);
    process.stdin.pause();
  }
}

/** Lines of a pipe or a file. */
class PipeInput {
  readonly #octets = new Octets();
  #rest: Buffer = Buffer.alloc(0);

  async line(prompt: string): Promise<Buffer | undefined> {
    process.stderr.write(prompt);
    for (;;) {
      const end = this.#rest.indexOf(LINE_FEED);
      if (end >= 0) return this.#take(end, end + 1);
      const more = this.#rest.length > MAX_INPUT ? undefined : await this.#octets.next();
      if (more === undefined) {
        const { length } = this.#rest;
        return length === 0 ? undefined : this.#take(length, length);
      }
      this.#rest = Buffer.concat([this.#rest, more]);
    }
  }

  close(): void {
    this.#octets.close();
    this.#rest.fill(0);
  }

  #take(end: number, next: number): Buffer {
    const line = Buffer.from(this.#rest.subarray(0, end));
    this.#rest = this.#rest.subarray(next);
    return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
  }
}

/** Lines that are typed, of which nothing is shown. */
class TerminalInput {
  readonly #octets: Octets;
  #rest: number[] = [];

  constructor() {
    process.stdin.setRawMode(true);
    this.#octets = new Octets();
  }

  async line(prompt: string): Promise<Buffer | undefined> {
    process.stderr.write(prompt);
    const typed: number[] = [];
    for (;;) {
      if (this.#rest.length === 0) {
        const more = await this.#octets.next();
        if (more === undefined) return undefined;
        this.#rest = [...more];
        more.fill(0);
      }
      const octet = this.#rest.shift();
      if (octet === RETURN || octet === LINE_FEED || (octet === END && typed.length === 0)) {
        process.stderr.write('\n');
        return octet === END ? undefined : Buffer.from(typed);
      }
      if (octet === INTERRUPT) {
        process.stderr.write('\n');
        this.close();
        process.exit(130);
      }
      if (octet === KILL_LINE) typed.length = 0;
      else if (octet === DELETE || octet === BACKSPACE) eraseCharacter(typed);
      else if (octet !== undefined && octet !== END) typed.push(octet);
    }
  }

  close(): void {
    process.stdin.setRawMode(false);
    this.#octets.close();
  }
}

/** Removes the last character: of UTF-8 all its octets, of other encodings one. */
function eraseCharacter(octets: number[]): void {
  const isText = isUtf8(Buffer.from(octets));
  let octet = octets.pop();
  while (isText && octet !== undefined && (octet & 0xc0) === 0x80) octet = octets.pop();
}
