/** A queue between a sender and a reader of steps. */

export class StepQueue<Step> {
  #waiting: Step[] = [];
  #error: unknown;
  #isOver = false;
  #wake = Promise.withResolvers<void>();

  push(step: Step): void {
    if (this.#isOver) return;
    this.#waiting.push(step);
    this.#wake.resolve();
  }

  /** Ends the queue. With an error, reading throws it after all earlier steps have been read. */
  end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#wake.resolve();
  }

  /** Reads to the end, once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Step> {
    for (;;) {
      const steps = this.#waiting;
      this.#waiting = [];
      yield* steps;
      if (this.#waiting.length > 0) continue;
      if (this.#error !== undefined) throw this.#error;
      if (this.#isOver) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }
}
