import { Library } from './library.js';
import type { Answer, Question } from './question.js';

// The module of the processes that ask PAM: modules of PAM block, fork, and wait for children.

const loading = Library.load();
loading.catch(() => {});

/** @throws {Error} with one sentence if PAM cannot be asked. */
export async function answer(question: Question): Promise<Answer> {
  return (await loading).ask(question);
}
