/** The trouble that a fake was told to make with the next messages that the account sends. */
import type { Trouble } from "./platform.ts";

/** Trouble with messages, each as often as it says. */
type AnyTrouble = Extract<Trouble, { readonly times?: number }>;

/** Those of some kinds: what a platform can make. */
export type SendTrouble<Kind extends AnyTrouble["kind"] = Exclude<AnyTrouble["kind"], "refuse-markup">> = Extract<
  AnyTrouble,
  { readonly kind: Kind }
>;

/** One trouble after the other, each as often as it was ordered. */
export class SendTroubles<Some extends AnyTrouble = SendTrouble> {
  readonly #ordered: { readonly trouble: Some; left: number }[] = [];

  order(trouble: Some): void {
    this.#ordered.push({ trouble, left: trouble.times ?? 1 });
  }

  /** What happens to the message that is sent now, of the kinds that are meant; undefined when it goes well. */
  take(isMeant: (kind: Some["kind"]) => boolean = () => true): Some | undefined {
    const next = this.#ordered.find(({ trouble }) => isMeant(trouble.kind));
    if (!next) return undefined;
    next.left -= 1;
    if (next.left <= 0) this.#ordered.splice(this.#ordered.indexOf(next), 1);
    return next.trouble;
  }
}
