/** So many tasks at once; the others wait in the order in which they came. */
export class Slots {
  readonly #limit: () => number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  /** `limit` is asked whenever a slot is given out, so that a changed setting holds at once. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** Resolves when there is a slot; dispose it to give it back. */
  async take(): Promise<Disposable> {
    if (this.#taken >= this.#limit() || this.#waiting.length > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      this.#next();
      await promise;
    } else this.#taken++;
    return {
      [Symbol.dispose]: () => {
        this.#taken--;
        this.#next();
      },
    };
  }

  #next(): void {
    while (this.#taken < this.#limit() && this.#waiting.length > 0) {
      this.#taken++;
      this.#waiting.shift()?.();
    }
  }
}
