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

/** A process that was started for a helper. */
export interface HelperProcess {
  /** Sends it what structuredClone() can copy. */
  send(message: unknown): void;
  kill(): void;
  onMessage(listener: (message: unknown) => void): void;
  /** @param listener told why it has ended, in words. */
  onEnd(listener: (why: string) => void): void;
}

/**
 * Starts a process for a helper, where Node's own way is none.
 *
 * @param program the file of its program, which takes messages from its parent.
 */
export type HelperForker = (program: string, args: readonly string[]) => HelperProcess;

interface Running {
  send(question: unknown): void;
  end(): void;
}

/**
 * Starts a thread or a process of an extension when it is first asked, and again when it has ended.
 *
 * @param folder of the extension.
 * @param file a module in it.
 * @param forker how a process is started.
 */
export function startHelper(
  folder: string,
  file: string,
  options: HelperOptions = {},
  forker: HelperForker = forkNode,
): Helper {
  const path = resolve(folder, file);
  if (!isInside(folder, path)) throw new Error(`"${file}" is not in the folder of the extension`);
  return new HelperHandle(pathToFileURL(path).href, options, forker);
}

class HelperHandle implements Helper {
  readonly #url: string;
  readonly #kind: 'thread' | 'process';
  readonly #timeout: number;
  readonly #forker: HelperForker;
  readonly #questions = new Sequence();
  #running: Running | undefined;
  #settle: ((answer: HelperAnswer) => void) | undefined;
  #disposed = false;

  constructor(
    url: string,
    { kind = 'thread', timeout = ANSWER_TIME }: HelperOptions,
    forker: HelperForker,
  ) {
    this.#url = url;
    this.#forker = forker;
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
    const child = this.#forker(PROGRAM, [this.#url]);
    const running: Running = {
      send: (question) => child.send([question]),
      end: () => child.kill(),
    };
    child.onMessage((answer) => this.#take(running, answer as HelperAnswer));
    child.onEnd((why) => this.#ended(running, why));
    return running;
  }

  #take(running: Running, answer: HelperAnswer): void {
    if (this.#running === running) this.#settle?.(answer);
  }

  #ended(running: Running, why: string): void {
    if (this.#running === running) this.#end(why);
  }
}

/** A process of Node's own. */
function forkNode(program: string, args: readonly string[]): HelperProcess {
  const child: ChildProcess = fork(program, [...args], {
    serialization: 'advanced',
    execArgv: [],
  });
  child.unref();
  child.channel?.unref();
  return {
    send: (message) => void child.send(message as object, () => {}),
    kill: () => void child.kill('SIGKILL'),
    onMessage: (listener) => void child.on('message', listener),
    onEnd: (listener) => {
      child.on('error', (error) => listener(error.message));
      child.on('exit', (status, signal) => listener(`it ended with ${signal ?? status}`));
    },
  };
}
