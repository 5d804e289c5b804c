/** The trouble that a fake was told to make with the next messages that the account sends. */
import type { Trouble } from "./platform.ts";

export type SendTrouble = Extract<Trouble, { kind: "rate-limit" | "accept-then-fail" | "refuse" | "slow" }>;

/** One trouble after the other, each as often as it was ordered. */
export class SendTroubles {
  readonly #ordered: { trouble: SendTrouble; left: number }[] = [];

  order(trouble: SendTrouble): void {
    this.#ordered.push({ trouble, left: trouble.times ?? 1 });
  }

  /** What happens to the message that is sent now; undefined when it goes well. */
  take(): SendTrouble | undefined {
    const [next] = this.#ordered;
    if (!next) return undefined;
    next.left -= 1;
    if (next.left <= 0) this.#ordered.shift();
    return next.trouble;
  }
}
