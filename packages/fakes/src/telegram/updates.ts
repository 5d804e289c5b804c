/** The queue of updates and the long poll that empties it (Bot API: getting updates). */
import type { Changes } from "../watch.ts";
import { type Parameters, Refusal } from "./request.ts";

/** An update: its id and one of the things that can have happened. */
export type Update = { readonly update_id: number } & Readonly<Record<string, unknown>>;

/** Kinds that come only when `allowed_updates` names them. */
const ASKED_FOR = ["chat_member", "message_reaction", "message_reaction_count"];

interface Poll {
  readonly offset: number;
  readonly limit: number;
  answer(updates: readonly Update[]): void;
  fail(refusal: Refusal): void;
  /** Ends it in the middle of an answer. */
  cut(): void;
}

export class Updates {
  readonly #changes: Changes;
  #queue: Update[] = [];
  #poll: Poll | undefined;
  #nextId = 700_000_000;
  #allowed: readonly string[] = [];
  #replaced = false;

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  /** Whether a client waits for updates at this moment. */
  get isPolled(): boolean {
    return this.#poll !== undefined;
  }

  /** Ids of updates that no client has confirmed. */
  get unconfirmed(): readonly number[] {
    return this.#queue.map(({ update_id }) => update_id);
  }

  /** The next update has this id: after a quiet week it is random, and each server counts for itself. */
  startAt(id: number): void {
    this.#nextId = id;
  }

  /** Queues an update, if the client wants that kind, and returns it. */
  push(kind: string, body: unknown): Update {
    const update = { update_id: this.#nextId++, [kind]: body };
    if (this.#wants(kind)) this.#offer(update);
    return update;
  }

  /** Queues an update of a kind that no client can have asked for. */
  force(kind: string, body: unknown): void {
    this.#offer({ update_id: this.#nextId++, [kind]: body });
  }

  /** Answers a `getUpdates`: at once when there is something, else when there is, or empty after `timeout` seconds. */
  get(parameters: Parameters, answer: Pick<Poll, "answer" | "fail" | "cut">, signal: AbortSignal): void {
    this.#poll?.fail(conflict());
    if (this.#replaced) {
      this.#replaced = false;
      return answer.fail(conflict());
    }
    const offset = parameters.number("offset") ?? 0;
    const limit = Math.min(Math.max(parameters.number("limit") ?? 100, 1), 100);
    this.#allowed = parameters.json<string[]>("allowed_updates") ?? this.#allowed;
    this.#queue = this.#queue.filter(({ update_id }) => update_id >= offset);

    const timer = setTimeout(() => poll.answer([]), 1000 * (parameters.number("timeout") ?? 0));
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      if (this.#poll === poll) this.#poll = undefined;
      this.#changes.tell();
    };
    const poll: Poll = {
      offset,
      limit,
      answer: (updates) => {
        end();
        answer.answer(updates);
      },
      fail: (refusal) => {
        end();
        answer.fail(refusal);
      },
      cut: () => {
        end();
        answer.cut();
      },
    };
    signal.addEventListener("abort", end);
    this.#poll = poll;
    this.#changes.tell();
    this.#settle(poll);
  }

  /** Ends the poll that waits now, if one does. */
  fail(refusal: Refusal): void {
    this.#poll?.fail(refusal);
  }

  cut(): void {
    this.#poll?.cut();
  }

  /** Another instance polls: the one that waits now, or else the next one, is told so. */
  replace(): void {
    if (this.#poll) this.#poll.fail(conflict());
    else this.#replaced = true;
  }

  #offer(update: Update): void {
    this.#queue.push(update);
    if (this.#poll) this.#settle(this.#poll);
  }

  #settle(poll: Poll): void {
    const waiting = this.#queue.filter(({ update_id }) => update_id >= poll.offset);
    if (waiting.length > 0) poll.answer(waiting.slice(0, poll.limit));
  }

  #wants(kind: string): boolean {
    return this.#allowed.length === 0 ? !ASKED_FOR.includes(kind) : this.#allowed.includes(kind);
  }
}

function conflict(): Refusal {
  return new Refusal(
    409,
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
  );
}
