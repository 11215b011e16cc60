import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Sequence } from '../base/sequence.js';
import type { Helper, HelperOptions } from './api.js';
import { isInside } from './trust.js';

/** How long a helper has for an answer where it is not said, ms. */
const ANSWER_TIME = 30_000;

const PROGRAM = fileURLToPath(new URL('helpermain.js', import.meta.url));

/** What a helper answers. */
export type HelperAnswer =
  | { readonly answer: unknown }
  /** The words of what it threw. */
  | { readonly failure: string };

interface Running {
  send(question: unknown): void;
  end(): void;
}

/**
 * Starts a thread or a process of an extension when it is first asked, and again when it has ended.
 *
 * @param folder of the extension.
 * @param file a module in it.
 */
export function startHelper(folder: string, file: string, options: HelperOptions = {}): Helper {
  const path = resolve(folder, file);
  if (!isInside(folder, path)) throw new Error(`"${file}" is not in the folder of the extension`);
  return new HelperHandle(pathToFileURL(path).href, options);
}

class HelperHandle implements Helper {
  readonly #url: string;
  readonly #kind: 'thread' | 'process';
  readonly #timeout: number;
  readonly #questions = new Sequence();
  #running: Running | undefined;
  #settle: ((answer: HelperAnswer) => void) | undefined;
  #disposed = false;

  constructor(url: string, { kind = 'thread', timeout = ANSWER_TIME }: HelperOptions) {
    this.#url = url;
    this.#kind = kind;
    this.#timeout = timeout;
  }

  ask(question: unknown): Promise<unknown> {
    return this.#questions.run(() => this.#ask(question));
  }

  dispose(): void {
    this.#disposed = true;
    this.#end('it was ended');
  }

  async #ask(question: unknown): Promise<unknown> {
    if (this.#disposed) throw new Error('the helper was ended');
    const late = setTimeout(() => this.#end('it took too long'), this.#timeout);
    try {
      const answer = await new Promise<HelperAnswer>((resolve) => {
        this.#settle = resolve;
        this.#running ??= this.#kind === 'thread' ? this.#startThread() : this.#startProcess();
        this.#running.send(question);
      });
      if ('failure' in answer) throw new Error(answer.failure);
      return answer.answer;
    } finally {
      clearTimeout(late);
      this.#settle = undefined;
    }
  }

  #end(why: string): void {
    const running = this.#running;
    this.#running = undefined;
    running?.end();
    this.#settle?.({ failure: `the helper gave no answer: ${why}` });
  }

  #startThread(): Running {
    const worker = new Worker(PROGRAM, { workerData: this.#url });
    const running: Running = {
      send: (question) => worker.postMessage(question),
      end: () => void worker.terminate(),
    };
    worker.on('message', (answer: HelperAnswer) => this.#take(running, answer));
    worker.on('error', (error) => this.#ended(running, error.message));
    worker.on('exit', (status) => this.#ended(running, `it ended with status ${status}`));
    worker.unref();
    return running;
  }

  #startProcess(): Running {
    const child: ChildProcess = fork(PROGRAM, [this.#url], {
      serialization: 'advanced',
      execArgv: [],
    });
    const running: Running = {
      send: (question) => void child.send([question], () => {}),
      end: () => void child.kill('SIGKILL'),
    };
    child.on('message', (answer) => this.#take(running, answer as HelperAnswer));
    child.on('error', (error) => this.#ended(running, error.message));
    child.on('exit', (status, signal) => this.#ended(running, `it ended with ${signal ?? status}`));
    child.unref();
    child.channel?.unref();
    return running;
  }

  #take(running: Running, answer: HelperAnswer): void {
    if (this.#running === running) this.#settle?.(answer);
  }

  #ended(running: Running, why: string): void {
    if (this.#running === running) this.#end(why);
  }
}
