// Asks the person about calls, one after the other. A question ends when it is answered, or when nobody waits any more.

import type { Consent, Decision } from "./consent.ts";

/** A question as it is shown. */
export interface Question {
  readonly consent: Consent;
  /** The object of the sentence “… asks for”. */
  readonly what: string;
  readonly askedBy: string;
}

interface Open extends Question {
  answer(decision: Decision | undefined): void;
}

export class ConsentPrompts {
  #open: readonly Open[] = [];
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The question to show now. */
  get first(): Question | undefined {
    return this.#open[0];
  }

  /** Resolves with the answer; undefined when the call ended without one. */
  async ask(question: Question, signal: AbortSignal): Promise<Decision | undefined> {
    const { promise, resolve } = Promise.withResolvers<Decision | undefined>();
    const open = { ...question, answer: resolve };
    const end = () => resolve(undefined);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    this.#open = [...this.#open, open];
    this.#changed();
    const answer = await promise;
    signal.removeEventListener("abort", end);
    this.#open = this.#open.filter((each) => each !== open);
    this.#changed();
    return answer;
  }

  /** Answers the question that is shown, and all that wait for the same ability unless it was answered for once. */
  answer(decision: Decision): void {
    const [first] = this.#open;
    const isForAll = decision.answer === "always" || decision.answer === "ten-minutes";
    for (const open of this.#open)
      if (open === first || (isForAll && first && isMeant(open.consent, first.consent, decision)))
        open.answer(decision);
  }
}

function isMeant(consent: Consent, answered: Consent, { isForGroup }: Decision): boolean {
  return consent === answered || (isForGroup && consent.group !== undefined && consent.group === answered.group);
}
