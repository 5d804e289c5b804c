// Several parts of the page read the same lists when it connects: within one turn they share a request.

import type { Methods } from "@moltbot/protocol";

type Read<M extends keyof Methods> = Promise<Methods[M]["result"]>;

/** Methods that change nothing and whose answer is the same for everybody who asks without parameters. */
const READS = /^health$|\.(?:list|status)$/;

/**
 * Shares the answer of a read among those who ask for it in one turn of the event loop. No event can arrive within a turn, so
 * that nobody is given an answer from before a change that it has heard of.
 */
export class SharedReads {
  readonly #ofThisTurn = new Map<keyof Methods, Read<keyof Methods>>();

  /** Calls `ask`, unless somebody has asked for this method in this turn. Requests with parameters are never shared. */
  read<M extends keyof Methods>(method: M, params: unknown, ask: () => Read<M>): Read<M> {
    if (params !== undefined || !READS.test(method)) return ask();
    const asked = this.#ofThisTurn.get(method);
    if (asked !== undefined) return asked as Read<M>;
    if (this.#ofThisTurn.size === 0) setTimeout(() => this.#ofThisTurn.clear());
    const answer = ask();
    this.#ofThisTurn.set(method, answer);
    return answer;
  }
}
