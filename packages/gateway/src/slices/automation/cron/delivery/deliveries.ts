/** What has become of the words of a run: the outbox and the posts know it, and the slot keeps what is certain. */
import type { DeliveryState } from "../jobs/wire.ts";
import type { Slot, Slots } from "../runs/slots.ts";
import { originOf } from "../runs/work.ts";
import type { CronServices } from "../services.ts";
import type { WebhookPosts } from "./webhook-posts.ts";

export class Deliveries {
  readonly #services: CronServices;
  readonly #slots: Slots;
  readonly #posts: WebhookPosts;

  constructor(services: CronServices, slots: Slots, posts: WebhookPosts) {
    this.#services = services;
    this.#slots = slots;
    this.#posts = posts;
  }

  /** `delivered`, `not-delivered`, `unknown`, `not-requested`, or `queued` while that is open. */
  of(slot: Slot): DeliveryState {
    const { delivery, deliveryError, state } = slot;
    const kept = { status: delivery, problem: deliveryError ?? undefined };
    // Within a transaction the message may be stored only later in it.
    const isOpen = state === "running" || state === "waiting" || this.#services.store.isInTransaction;
    if (delivery !== "queued" || isOpen) return kept;
    const sent = this.#posted(slot) ?? this.#sent(slot);
    if (!sent) return kept;
    this.#slots.deliver(slot.id, sent.status, sent.problem);
    return sent;
  }

  #posted(slot: Slot): DeliveryState | undefined {
    const post = this.#posts.ofSlot(originOf(slot));
    if (!post || post.state === "waiting") return undefined;
    if (post.state === "sent") return { status: "delivered" };
    return { status: "not-delivered", problem: post.problem ?? undefined };
  }

  #sent(slot: Slot): DeliveryState | undefined {
    if (this.#posts.ofSlot(originOf(slot))) return undefined;
    // The reply of an agent's run is filed under the run.
    const origin = slot.work === "run" ? `run:${slot.runId}` : originOf(slot);
    const rows = this.#services.messaging.outbox.of(origin);
    if (rows.length === 0) return { status: "not-delivered", problem: "there was nothing to say" };
    if (rows.some(({ state }) => state === "composing" || state === "queued" || state === "sending")) return undefined;
    const failed = rows.find(({ state }) => state === "failed");
    if (failed) return { status: "not-delivered", problem: failed.problem ?? undefined };
    return { status: rows.some(({ state }) => state === "unknown") ? "unknown" : "delivered" };
  }
}
