/** Answers by their questions: those that are asked right now once, and those that count for a while. */
export class Memory<T> {
  readonly #time: number;
  readonly #limit: number;
  readonly #mayKeep: (answer: T) => boolean;
  readonly #open = new Map<string, Promise<T>>();
  readonly #known = new Map<string, { readonly answer: T; readonly until: number }>();

  /**
   * @param time how long an answer counts, ms.
   * @param limit how many are kept at most.
   * @param mayKeep which ones count longer than until they are given.
   */
  constructor(time: number, limit: number, mayKeep: (answer: T) => boolean = () => true) {
    this.#time = time;
    this.#limit = limit;
    this.#mayKeep = mayKeep;
  }

  /** The answer to a question, which is asked if it is not known. */
  ask(question: string, ask: () => Promise<T>): T | Promise<T> {
    const known = this.#known.get(question);
    if (known !== undefined) {
      if (known.until > performance.now()) return known.answer;
      this.#known.delete(question);
    }
    const open = this.#open.get(question);
    if (open !== undefined) return open;
    const asked = ask()
      .then((answer) => {
        this.#keep(question, answer);
        return answer;
      })
      .finally(() => this.#open.delete(question));
    this.#open.set(question, asked);
    return asked;
  }

  #keep(question: string, answer: T): void {
    if (this.#time === 0 || !this.#mayKeep(answer)) return;
    this.#known.delete(question);
    // They stand in the order in which they end.
    const [oldest] = this.#known.keys();
    if (this.#known.size >= this.#limit && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(question, { answer, until: performance.now() + this.#time });
  }
}
