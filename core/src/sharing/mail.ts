/** What an extension tells itself in another process, as text. */
export interface Mail {
  /** The extension's name. */
  readonly of: string;
  readonly text: string;
  /** The numbers of workers, from 1 on. */
  readonly from: number;
  /** All others, if it is left out. */
  readonly to?: number | undefined;
}

/** A process's end of the way that extensions' messages take. */
export interface Mailbox {
  /** Sends to the other processes: at most once each, and not at all to one that is not there. */
  post(mail: Mail): void;
  /** Takes what comes; set by the server. */
  onMail: (mail: Mail) => void;
}

/** Characters at most that are on their way to a worker: more for one that does not read is lost. */
const MAX_PENDING = 8 * 1024 * 1024;

/** @param done called when it is written, or never will be. */
type Deliver = (mail: Mail, done: () => void) => void;

/** Takes messages from worker to worker, in the process that has started them. */
export class PostOffice {
  readonly #workers = new Map<number, { readonly deliver: Deliver; pending: number }>();

  add(number: number, deliver: Deliver): void {
    this.#workers.set(number, { deliver, pending: 0 });
  }

  remove(number: number): void {
    this.#workers.delete(number);
  }

  /** @param from the worker that it comes from, whatever it says. */
  post(from: number, mail: Mail): void {
    const { of, text, to } = mail;
    for (const [number, worker] of this.#workers) {
      if (number === from || (to !== undefined && number !== to)) continue;
      if (worker.pending + text.length > MAX_PENDING) continue;
      worker.pending += text.length;
      worker.deliver({ of, text, from }, () => {
        worker.pending -= text.length;
      });
    }
  }
}
