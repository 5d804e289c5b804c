/**
 * How a slice asks those below it, which it must not know: it offers a port, and they fill it when they open. Until then,
 * and in a gateway without them, a harmless answer stands there.
 */
import { TellableError } from "../base/errors.ts";

/** A port that one slice below fills. */
export class Port<Answers extends object> {
  #now: Answers;
  #isFilled = false;

  /** `unfilled` answers until somebody fills the port. */
  constructor(unfilled: Answers) {
    this.#now = unfilled;
  }

  /** Who answers now. Read it where it is used; never keep it. */
  get now(): Answers {
    return this.#now;
  }

  /** From now on these answer. Throws when the port is filled already: two slices would answer the same question. */
  fill(answers: Answers): void {
    if (this.#isFilled) throw new TellableError("a port of a slice is filled twice");
    this.#isFilled = true;
    this.#now = answers;
  }
}

/** A port that any number of slices below fill; they are asked or told in the order in which they came. */
export class ManyPort<Answers extends object> implements Iterable<Answers> {
  readonly #all = new Set<Answers>();

  /** From now on this one is asked or told too, until what is returned is disposed. */
  add(answers: Answers): Disposable {
    this.#all.add(answers);
    return { [Symbol.dispose]: () => void this.#all.delete(answers) };
  }

  [Symbol.iterator](): Iterator<Answers> {
    return this.#all.values();
  }
}
