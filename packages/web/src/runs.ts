// The replies that are being written, in any session, as the gateway's events tell of them.

import { isRecord } from "@moltbot/protocol";
import { modelOf, type Outcome, type Run, textOf } from "./conversation.ts";

/** Whom to tell. */
export interface RunListener {
  /** A reply has grown, or a new one begun. */
  onGrowth(): void;
  onEnd(run: Run): void;
  /** A reply to a message that is not from this page; called before the reply is known. */
  onStranger(runId: string, sessionKey: string): void;
}

/** Follows runs from their first event to the moment the history holds their end. */
export class Runs {
  #all: readonly Run[] = [];
  readonly #listener: RunListener;

  constructor(listener: RunListener) {
    this.#listener = listener;
  }

  /** In the order in which we heard of them. */
  get all(): readonly Run[] {
    return this.#all;
  }

  has(runId: string): boolean {
    return this.#find(runId) !== undefined;
  }

  /** Begins to follow a run, or changes what is known of it. */
  put(runId: string, change: Partial<Run> & Pick<Run, "sessionKey">): void {
    const known = this.#find(runId);
    const fresh: Run = {
      ...{ runId, text: "", tool: undefined, model: undefined, at: Date.now() },
      outcome: { kind: "writing" },
      ...known,
      ...change,
    };
    this.#all = known === undefined ? [...this.#all, fresh] : this.#all.map((run) => (run === known ? fresh : run));
    this.#listener.onGrowth();
  }

  /** Marks a run as over. */
  end(runId: string, sessionKey: string, outcome: Outcome): void {
    this.put(runId, { sessionKey, outcome, tool: undefined });
    const run = this.#find(runId);
    if (run !== undefined) this.#listener.onEnd(run);
  }

  /** Stops following the runs that `isDone` says yes to. */
  forget(isDone: (run: Run) => boolean): void {
    this.#all = this.#all.filter((run) => !isDone(run));
  }

  /** Hears a `chat` event: the text so far, and how it ended. */
  onChat(payload: unknown): void {
    if (!isRecord(payload) || typeof payload.runId !== "string" || typeof payload.sessionKey !== "string") return;
    const { runId, sessionKey, state } = payload;
    if (!this.has(runId)) this.#listener.onStranger(runId, sessionKey);
    const message = isRecord(payload.message) ? payload.message : {};
    const text = textOf(message.content);
    if (state === "delta") return this.put(runId, { sessionKey, text, tool: undefined });
    if (text !== "") this.put(runId, { sessionKey, text, model: modelOf(message) });
    if (state === "error") {
      return this.end(runId, sessionKey, { kind: "failed", reason: sentence(payload.errorMessage) });
    }
    this.end(runId, sessionKey, { kind: state === "aborted" ? "stopped" : "done" });
  }

  /** Hears an `agent` event, which is finer: every few characters, and which tool is at work. */
  onAgent(payload: unknown): void {
    if (!isRecord(payload) || typeof payload.runId !== "string" || !isRecord(payload.data)) return;
    const { runId, stream, data } = payload;
    const known = this.#find(runId);
    const sessionKey = known?.sessionKey ?? payload.sessionKey;
    if (typeof sessionKey !== "string" || (known !== undefined && known.outcome.kind !== "writing")) return;
    if (stream === "lifecycle" && data.phase === "start") this.put(runId, { sessionKey });
    if (stream === "assistant" && typeof data.text === "string") this.put(runId, { sessionKey, text: data.text });
    if (stream === "tool") {
      this.put(runId, { sessionKey, tool: data.phase === "result" ? undefined : String(data.name) });
    }
  }

  #find(runId: string): Run | undefined {
    return this.#all.find((run) => run.runId === runId);
  }
}

/** Wire texts begin in lower case and end in nothing. */
export function sentence(text: unknown): string {
  const trimmed = String(text ?? "The reply failed")
    .trim()
    .replace(/^Error: /, "");
  const ended = /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}
