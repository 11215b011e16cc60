import { readFile } from 'node:fs/promises';
import type { Lockout } from '../auth/lockout.js';
import type { Allowances } from '../limits/allowance.js';
import type { Usage } from '../limits/usage.js';
import type { BoundSockets } from '../listening/listeningsocket.js';
import { Credits } from './credits.js';
import type { Mailbox } from './mail.js';
import type { FileContents, FromWorker, Task, ToWorker } from './messages.js';
import type { Sharing } from './sharing.js';
import { WorkerSockets } from './sockets.js';

/** How often a worker tells what its users have used, and returns what they have not, ms. */
const PERIOD = 1000;

/** How long changes are gathered of how many connections share a rate, ms. */
const GATHER_TIME = 100;

/** A worker's view of what all workers share. */
export class Shared implements Sharing {
  readonly counts: Credits;
  readonly passwordKey: Uint8Array;
  readonly ticketKeys: Uint8Array;
  readonly firstId: number;
  readonly idStep: number;
  readonly keepsQuotas = false;
  readonly mail: Mailbox;
  readonly #sockets: WorkerSockets;
  /** What the primary process has read. */
  #files: FileContents;
  readonly #tell: (message: FromWorker) => void;
  readonly #task: Task & { readonly type: 'start' };
  /** How many connections share a rate, where that has changed and is not told yet. */
  readonly #connections = new Map<string, number>();
  #allowances: Allowances | undefined;
  #lockout: Lockout | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(task: Task & { readonly type: 'start' }, tell: (message: FromWorker) => void) {
    this.#task = task;
    this.#tell = tell;
    this.#files = task.files;
    this.counts = new Credits((counts) => tell({ type: 'counts', counts }));
    this.#sockets = new WorkerSockets(tell);
    this.mail = { post: (mail) => tell({ type: 'mail', mail }), onMail() {} };
    this.passwordKey = Buffer.from(task.passwordKey, 'base64');
    this.ticketKeys = Buffer.from(task.ticketKeys, 'base64');
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

  /** Has the primary process read the configuration again. */
  readonly reload = async (): Promise<void> => {
    this.#tell({ type: 'reload' });
  };

  readonly heardUsage = (usage: Readonly<Record<string, Usage>>): void => {
    this.#tell({ type: 'used-by-all', usage });
  };

  /** Takes what the primary process has read anew. @returns what it had read before. */
  setFiles(files: FileContents): FileContents {
    const before = this.#files;
    this.#files = files;
    return before;
  }

  attach({ allowances, lockout }: { allowances: Allowances; lockout: Lockout }): void {
    this.#allowances = allowances;
    this.#lockout = lockout;
    allowances.setUsage(this.#task.usage);
    for (const news of this.#task.logins) lockout.hear(news);
    lockout.onNews = (news) => this.#tell({ type: 'login', news });
    allowances.onConnections = (name, count) => {
      if (this.#connections.size === 0)
        setTimeout(() => this.#tellConnections(), GATHER_TIME).unref();
      this.#connections.set(name, count);
    };
    this.#timer = setInterval(() => {
      this.#tellUsed();
      this.counts.returnUnused();
    }, PERIOD).unref();
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
      case 'permits':
        this.counts.handle(message);
        break;
      case 'login':
        this.#lockout?.hear(message.news);
        break;
      case 'mail':
        this.mail.onMail(message.mail);
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
    this.counts.flush();
  }

  #tellConnections(): void {
    const counts = Object.fromEntries(this.#connections);
    this.#connections.clear();
    this.#tell({ type: 'connections', counts });
  }

  #tellUsed(): void {
    const bytes = this.#allowances?.takeFresh() ?? {};
    if (Object.keys(bytes).length > 0) this.#tell({ type: 'used', bytes });
  }
}
