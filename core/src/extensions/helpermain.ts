import { parentPort, workerData } from 'node:worker_threads';
import type { HelperAnswer } from './helper.js';

// The program of a helper: a thread, or a process that was forked. It imports the module that it is
// given, and has it answer the questions that come.

const url: unknown = parentPort === null ? process.argv[2] : workerData;
const loading: Promise<{ answer?: unknown }> = import(String(url));

async function answerTo(question: unknown): Promise<HelperAnswer> {
  try {
    const { answer } = await loading;
    if (typeof answer !== 'function') throw new Error(`${url} exports no answer()`);
    return { answer: await answer(question) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Sends an answer; one that cannot be sent is a failure. */
async function reply(question: unknown, send: (answer: HelperAnswer) => void): Promise<void> {
  const answer = await answerTo(question);
  try {
    send(answer);
  } catch (error) {
    send({ failure: error instanceof Error ? error.message : String(error) });
  }
}

/** What a process has of its parent in Electron (process.parentPort). */
interface ElectronPort {
  on(name: 'message', listener: (event: { readonly data: unknown }) => void): void;
  postMessage(message: unknown): void;
}

const { parentPort: electron } = process as { readonly parentPort?: ElectronPort };

loading.catch(() => {});
if (electron !== undefined) {
  electron.on('message', ({ data }) => {
    const [question] = data as [unknown];
    void reply(question, (answer) => electron.postMessage(answer));
  });
} else if (parentPort === null) {
  process.on('message', ([question]: [unknown]) => {
    void reply(question, (answer) => process.send?.(answer));
  });
  process.on('disconnect', () => process.exit());
} else {
  const port = parentPort;
  port.on('message', (question) => void reply(question, (answer) => port.postMessage(answer)));
}
