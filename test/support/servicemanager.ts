import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Daemon } from './daemon.js';
import { temporaryDirectory } from './files.js';
import { ROOT } from './npm.js';
import type { Scope } from './scope.js';

/** A datagram of sd_notify(3). */
interface Notice {
  /** The process that has sent it. */
  readonly pid: number;
  /** `NAME=VALUE` lines. */
  readonly text: string;
}

/** How long it waits to be told something, ms: a busy machine takes its time to start processes. */
const PATIENCE = 60_000;

/** What listens at NOTIFY_SOCKET in place of systemd. */
export class TestManager {
  /** For NOTIFY_SOCKET. */
  readonly address: string;
  /** All that it was told so far. */
  readonly notices: Notice[] = [];
  readonly #daemon: Daemon;

  private constructor(address: string, daemon: Daemon) {
    this.address = address;
    this.#daemon = daemon;
  }

  /** @param isAbstract whether its socket has no path. */
  static async start(t: Scope, isAbstract = false): Promise<TestManager> {
    const address = isAbstract ? `@${randomUUID()}` : join(temporaryDirectory(t), 'notify');
    const program = join(ROOT, 'test/support/servicemanager.py');
    const daemon = new Daemon(t, 'python3', [program, address], process.env);
    await daemon.line();
    return new TestManager(address, daemon);
  }

  /** Waits for the next datagram that has a line; those before it are passed over. */
  async told(line: RegExp | string): Promise<Notice> {
    for (;;) {
      const notice: Notice = JSON.parse(await this.#daemon.line(PATIENCE));
      this.notices.push(notice);
      const lines = notice.text.split('\n');
      const isIt = (text: string) => (typeof line === 'string' ? text === line : line.test(text));
      if (lines.some(isIt)) return notice;
    }
  }
}
