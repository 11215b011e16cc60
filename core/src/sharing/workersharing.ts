import { readFile } from 'node:fs/promises';
import type { Lockout } from '../auth/lockout.js';
import type { Allowances } from '../limits/allowance.js';
import type { Counts, Wanted } from '../limits/counts.js';
import type { BoundSockets } from '../listening/listeningsocket.js';
import type { CountMessage, FileContents, FromWorker, Task, ToWorker } from './messages.js';
import type { Sharing } from './sharing.js';
import { WorkerSockets } from './sockets.js';

/** How often a worker tells what its users have used, ms. */
const PERIOD = 1000;

/** A worker's view of what all workers share. Messages are gathered for a turn of the event loop. */
export class Shared implements Sharing, Counts {
  readonly counts: Counts = this;
  readonly passwordKey: Uint8Array;
  readonly firstId: number;
  readonly idStep: number;
  readonly keepsQuotas = false;
  readonly #sockets: WorkerSockets;
  /** What the primary process has read. */
  #files: FileContents;
  readonly #tell: (message: FromWorker) => void;
  readonly #task: Task & { readonly type: 'start' };
  readonly #waiting = new Map<number, (full: string | undefined) => void>();
  #outgoing: CountMessage[] = [];
  #lastId = 0;
  #allowances: Allowances | undefined;
  #lockout: Lockout | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(task: Task & { readonly type: 'start' }, tell: (message: FromWorker) => void) {
    this.#task = task;
    this.#tell = tell;
    this.#files = task.files;
    this.#sockets = new WorkerSockets(tell);
    this.passwordKey = Buffer.from(task.passwordKey, 'base64');
    this.firstId = task.firstId;
    this.idStep = task.workers;
  }

  get sockets(): BoundSockets {
    return this.#sockets;
  }

  /**
   * What the primary process has read of a file, so that all workers have the same; what it could
   * not read is tried here, for the error.
   */
  readonly readFile = (file: string): Promise<Buffer> => {
    const content = Object.hasOwn(this.#files, file) ? this.#files[file] : undefined;
    return content === undefined ? readFile(file) : Promise.resolve(Buffer.from(content, 'base64'));
  };

  /** Takes what the primary process has read anew. */
  setFiles(files: FileContents): void {
    this.#files = files;
  }

  attach({ allowances, lockout }: { allowances: Allowances; lockout: Lockout }): void {
    this.#allowances = allowances;
    this.#lockout = lockout;
    allowances.setUsage(this.#task.usage);
    for (const news of this.#task.logins) lockout.hear(news);
    lockout.onNews = (news) => this.#tell({ type: 'login', news });
    this.#timer = setInterval(() => this.#tellUsed(), PERIOD).unref();
  }

  take(wanted: readonly Wanted[]): Promise<string | undefined> | undefined {
    if (wanted.length === 0) return undefined;
    const id = ++this.#lastId;
    this.#send({ take: wanted, id });
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  give(keys: readonly string[]): void {
    if (keys.length > 0) this.#send({ give: keys });
  }

  /**
   * Takes what the primary process tells.
   *
   * @param handle what came along.
   */
  handle(message: ToWorker, handle?: unknown): void {
    switch (message.type) {
      case 'socket':
        this.#sockets.handle(message, handle);
        break;
      case 'taken':
        for (const [id, full] of message.answers) {
          this.#waiting.get(id)?.(full ?? undefined);
          this.#waiting.delete(id);
        }
        break;
      case 'login':
        this.#lockout?.hear(message.news);
        break;
      case 'usage':
        this.#allowances?.updateUsage(message.usage);
        break;
      case 'part':
        this.#allowances?.setPart(message.name, message.part);
        break;
    }
  }

  /** Tells what is still untold, before the process ends. */
  close(): void {
    clearInterval(this.#timer);
    this.#tellUsed();
    this.#flush();
  }

  #send(message: CountMessage): void {
    if (this.#outgoing.length === 0) setImmediate(() => this.#flush());
    this.#outgoing.push(message);
  }

  #flush(): void {
    if (this.#outgoing.length === 0) return;
    const counts = this.#outgoing;
    this.#outgoing = [];
    this.#tell({ type: 'counts', counts });
  }

  #tellUsed(): void {
    const bytes = this.#allowances?.takeFresh() ?? {};
    if (Object.keys(bytes).length > 0) this.#tell({ type: 'used', bytes });
  }
}
