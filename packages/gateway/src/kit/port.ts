/**
 * How a slice asks slices below it, which it must not import: it offers a port, and a slice below fills it when it
 * opens. Until then, and in a gateway without that slice, a harmless answer stands in.
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

  /** The current answers. Read this property where it is used; never keep its value. */
  get now(): Answers {
    return this.#now;
  }

  /** Sets the answers. Throws when the port is filled already: two slices would answer one question. */
  fill(answers: Answers): void {
    if (this.#isFilled) throw new TellableError("a port of a slice is filled twice");
    this.#isFilled = true;
    this.#now = answers;
  }
}

/** A port that any number of slices below fill; they are asked or told in the order in which they came. */
export class ManyPort<Answers extends object> implements Iterable<Answers> {
  readonly #all = new Set<Answers>();

  /** Adds answers until the returned value is disposed. */
  add(answers: Answers): Disposable {
    this.#all.add(answers);
    return { [Symbol.dispose]: () => void this.#all.delete(answers) };
  }

  /** Whether nobody has filled it. */
  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  [Symbol.iterator](): Iterator<Answers> {
    return this.#all.values();
  }
}
