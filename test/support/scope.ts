/** Something with an end: a test, a suite (`{ after }` of node:test), or Cleanups. */
export interface Scope {
  /** Has something done at the end. */
  after(action: () => unknown): void;
}

/** Does at the end of a scope what was asked for, one thing after the other, the last one first. */
export class Cleanups implements Scope {
  readonly #actions: (() => unknown)[] = [];

  constructor(scope: Scope) {
    scope.after(() => this.#run());
  }

  after(action: () => unknown): void {
    this.#actions.push(action);
  }

  async #run(): Promise<void> {
    const errors: unknown[] = [];
    for (let action = this.#actions.pop(); action !== undefined; action = this.#actions.pop()) {
      try {
        await action();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'could not clean up');
  }
}
