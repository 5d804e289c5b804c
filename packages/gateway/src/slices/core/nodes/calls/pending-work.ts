/**
 * Small questions that wait for a node (protocol: node.pending): of each type one, for a day at most. They live in
 * memory, because each is answered by the node's state, which the next connection tells anyway.
 */
import { newId } from "../../../../base/ids.ts";
import type { Clock } from "../../../../base/time/clock.ts";

export type WorkType = "status.request" | "location.request";
export type Priority = "normal" | "high";

/** A question that waits. */
export interface PendingItem {
  readonly id: string;
  readonly type: WorkType;
  readonly priority: Priority;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** The questions of one node. `revision` grows with each change. */
export interface PendingView {
  readonly revision: number;
  readonly items: PendingItem[];
  readonly hasMore: boolean;
}

export interface NewWork {
  readonly type: WorkType;
  readonly priority?: Priority | undefined;
  readonly expiresInMs?: number | undefined;
}

interface Waiting {
  revision: number;
  items: readonly PendingItem[];
}

const DAY_MS = 24 * 3_600_000;
/** Source: protocol 4, `node.pending.drain`. */
const USUAL_ITEMS = 4;
const MAX_NODES = 1_000;

export class PendingWork {
  readonly #clock: Pick<Clock, "now">;
  readonly #nodes = new Map<string, Waiting>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Adds a question; a newer one takes the place of one of the same type. */
  enqueue(nodeId: string, { type, priority = "normal", expiresInMs = DAY_MS }: NewWork) {
    const createdAtMs = this.#clock.now();
    const item = { id: newId(), type, priority, createdAtMs, expiresAtMs: createdAtMs + Math.min(expiresInMs, DAY_MS) };
    const others = this.#live(nodeId).filter((each) => each.type !== type);
    return { revision: this.#keep(nodeId, [...others, item]), queued: item };
  }

  /** What waits, urgent questions first, then the oldest. Nothing is taken away. */
  pull(nodeId: string, limit = Number.POSITIVE_INFINITY): PendingView {
    const items = this.#live(nodeId).toSorted((a, b) => rank(a) - rank(b) || a.createdAtMs - b.createdAtMs);
    return {
      revision: this.#nodes.get(nodeId)?.revision ?? 0,
      items: items.slice(0, limit),
      hasMore: items.length > limit,
    };
  }

  /** Like `pull`, but what is returned waits no more. */
  drain(nodeId: string, maxItems = USUAL_ITEMS): PendingView {
    const { items, hasMore } = this.pull(nodeId, maxItems);
    return {
      ...this.ack(
        nodeId,
        items.map(({ id }) => id),
      ),
      items,
      hasMore,
    };
  }

  /** Takes questions away that the node has seen. */
  ack(nodeId: string, ids: readonly string[]): { revision: number; acked: string[] } {
    const live = this.#live(nodeId);
    const acked = live.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
    const revision =
      acked.length > 0
        ? this.#keep(
            nodeId,
            live.filter(({ id }) => !acked.includes(id)),
          )
        : (this.#nodes.get(nodeId)?.revision ?? 0);
    return { revision, acked };
  }

  forget(nodeId: string): void {
    this.#nodes.delete(nodeId);
  }

  #live(nodeId: string): readonly PendingItem[] {
    const now = this.#clock.now();
    return (this.#nodes.get(nodeId)?.items ?? []).filter(({ expiresAtMs }) => expiresAtMs > now);
  }

  #keep(nodeId: string, items: readonly PendingItem[]): number {
    const revision = (this.#nodes.get(nodeId)?.revision ?? 0) + 1;
    this.#nodes.delete(nodeId);
    this.#nodes.set(nodeId, { revision, items });
    const oldest = this.#nodes.size > MAX_NODES ? this.#nodes.keys().next().value : undefined;
    if (oldest !== undefined) this.#nodes.delete(oldest);
    return revision;
  }
}

function rank({ priority }: PendingItem): number {
  return priority === "high" ? 0 : 1;
}
