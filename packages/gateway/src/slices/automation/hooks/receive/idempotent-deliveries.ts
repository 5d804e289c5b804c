/** Handles each delivery once, however often it is sent, and limits how often a hook may be called. */
import type { Clock } from "../../../../base/time/clock.ts";
import type { Answer, Deliveries } from "../deliveries.ts";
import { RateWindow } from "./rate-window.ts";
import type { Naming } from "./read.ts";
import { refused, retryAfter } from "./refusal.ts";

export class IdempotentDeliveries {
  readonly #deliveries: Pick<Deliveries, "repeat">;
  readonly #taken: RateWindow;
  readonly #underWay = new Map<string, Promise<Answer>>();

  constructor({ clock }: { readonly clock: Clock }, deliveries: Pick<Deliveries, "repeat">) {
    this.#deliveries = deliveries;
    this.#taken = new RateWindow(clock);
  }

  /**
   * Does the work of a new delivery; one that is known by its keys gets the first answer. Throws a 429 when the hook has
   * been called too often.
   */
  async do(
    { keys }: Naming,
    hook: { name: string; maxPerMinute: number },
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    const known = this.#deliveries.repeat(keys) ?? keys.map((key) => this.#underWay.get(key)).find((each) => each);
    if (known) return await known;
    const waitMs = this.#taken.waitMs(hook.name, hook.maxPerMinute);
    if (waitMs > 0) throw refused(429, "this hook has been called too often; try again later", retryAfter(waitMs));
    this.#taken.take(hook.name);
    const answer = work();
    for (const key of keys) this.#underWay.set(key, answer);
    try {
      return await answer;
    } finally {
      for (const key of keys) this.#underWay.delete(key);
    }
  }
}
