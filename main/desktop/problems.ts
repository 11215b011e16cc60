import type { CommandId } from '../ipc/contract.js';

/** Something that went wrong, and what shows more about it. */
export interface Problem {
  readonly message: string;
  readonly about: CommandId;
}

/** How many are kept: a menu has them. */
const MAX = 8;

/** What went wrong of late, the newest first; what happens again is there once. */
export class RecentProblems {
  #problems: readonly Problem[] = [];

  get all(): readonly Problem[] {
    return this.#problems;
  }

  add(problem: Problem): void {
    const others = this.#problems.filter(({ message }) => message !== problem.message);
    this.#problems = [problem, ...others].slice(0, MAX);
  }

  clear(): void {
    this.#problems = [];
  }
}
