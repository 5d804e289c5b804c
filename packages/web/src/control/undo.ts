// Actions that are done when nobody takes them back in time. Leaving the page does at once what waits.

/** How long an action can be taken back, ms. */
const UNDO_MS = 10_000;

/** What waits on one page, by id. */
export class Undo {
  readonly #waiting = new Map<string, { readonly act: () => unknown; readonly timer: ReturnType<typeof setTimeout> }>();
  readonly #onChange: () => void;
  readonly #onHide = () => this.flush();

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Does it in ten seconds. */
  later(id: string, act: () => unknown): void {
    if (this.#waiting.size === 0) addEventListener("pagehide", this.#onHide);
    const timer = setTimeout(() => this.#do(id), UNDO_MS);
    this.#waiting.set(id, { act, timer });
    this.#onChange();
  }

  /** It is not done. */
  takeBack(id: string): void {
    clearTimeout(this.#waiting.get(id)?.timer);
    this.#waiting.delete(id);
    this.#onChange();
  }

  /** Does all that waits. */
  flush(): void {
    removeEventListener("pagehide", this.#onHide);
    for (const id of [...this.#waiting.keys()]) this.#do(id);
  }

  #do(id: string): void {
    const waiting = this.#waiting.get(id);
    this.takeBack(id);
    void waiting?.act();
  }
}
