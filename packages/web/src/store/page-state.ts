// Holds the page's state: one value that is replaced, and those who are told of it.

import { INITIAL, type State } from "./state.ts";

/** The state of one page. */
export class PageState {
  #state: State = INITIAL;
  #frame: number | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #derived: () => Partial<State>;

  /** `derived` says what follows from everything else; it is asked after each change. */
  constructor(derived: () => Partial<State>) {
    this.#derived = derived;
  }

  get now(): State {
    return this.#state;
  }

  /** Calls `listener` after every change; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    this.update();
  }

  /** Tokens may arrive faster than the screen is drawn; once for each picture is enough. */
  updateSoon(): void {
    this.#frame ??= requestAnimationFrame(() => this.update());
  }

  /** Something changed that the state follows from. */
  update(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#state = { ...this.#state, ...this.#derived() };
    for (const listener of this.#listeners) listener();
  }
}
