// The replies that are being written, in any session, as the gateway's events tell of them.

import { isRecord } from "@moltbot/protocol";
import { t } from "../words/t.ts";
import { byOf, type Outcome, textOf } from "./history.ts";
import { endState, type Step, type ToolCall } from "./parts.ts";
import { isOpen, type Run } from "./reply.ts";

/** Whom to tell. */
export interface RunListener {
  /** A reply has grown, or a new one begun. */
  onGrowth(): void;
  onEnd(run: Run): void;
  /** A reply to a message that is not from this page; called before the reply is known. */
  onStranger(runId: string, sessionKey: string): void;
  /** The transcript has changed elsewhere than at its end. */
  onCompaction(sessionKey: string): void;
}

type RunPart = Step["part"];

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

  /** Begins to follow a run, or changes what is known of it. One that begins behind another in its session waits. */
  put(runId: string, change: Partial<Run> & Pick<Run, "sessionKey">): void {
    const known = this.#find(runId);
    const isBehind = this.#all.some(({ sessionKey, outcome }) => sessionKey === change.sessionKey && isOpen(outcome));
    const fresh: Run = {
      ...{ runId, text: "", steps: [], by: undefined, busyWith: undefined, at: Date.now() },
      outcome: { kind: isBehind ? "waiting" : "writing" },
      ...known,
      ...change,
    };
    this.#all = known === undefined ? [...this.#all, fresh] : this.#all.map((run) => (run === known ? fresh : run));
    this.#listener.onGrowth();
  }

  /** Marks a run as over. */
  end(runId: string, sessionKey: string, outcome: Outcome): void {
    this.put(runId, { sessionKey, outcome, busyWith: undefined });
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
    const text = textOf(message.content).trimStart();
    if (state === "delta") return this.#grow(runId, sessionKey, { text });
    if (payload.stopReason === "merged") return this.#drop(runId);
    if (text !== "") this.put(runId, { sessionKey, text, by: byOf(message) });
    if (state === "error") {
      return this.end(runId, sessionKey, { kind: "failed", reason: sentence(payload.errorMessage) });
    }
    this.end(runId, sessionKey, { kind: state === "aborted" ? "stopped" : "done" });
  }

  /** The message is answered in the reply to another one. */
  #drop(runId: string): void {
    this.forget((run) => run.runId === runId);
    this.#listener.onGrowth();
  }

  /** Hears an `agent` event, which is finer: every few characters, every tool, every thought. */
  onAgent(payload: unknown): void {
    if (!isRecord(payload) || typeof payload.runId !== "string" || !isRecord(payload.data)) return;
    const { runId, stream, data } = payload;
    const known = this.#find(runId);
    const sessionKey = known?.sessionKey ?? payload.sessionKey;
    if (typeof sessionKey !== "string" || (known !== undefined && !isOpen(known.outcome))) return;
    const grow = (change: Partial<Run>) => this.#grow(runId, sessionKey, change);
    if (stream === "lifecycle" && data.phase === "start") grow({});
    if (stream === "assistant" && typeof data.text === "string") grow({ text: data.text.trimStart() });
    if (stream === "reasoning" && typeof data.delta === "string") grow(this.#withThought(runId, data.delta));
    if (stream === "tool") grow(this.#withTool(runId, data));
    if (stream === "compaction" && data.phase === "end") this.#listener.onCompaction(sessionKey);
    if (stream === "compaction") grow({ busyWith: data.phase === "start" ? "compaction" : undefined });
  }

  /** Whatever a run tells of itself, it is at work. */
  #grow(runId: string, sessionKey: string, change: Partial<Run>): void {
    this.put(runId, { sessionKey, outcome: { kind: "writing" }, ...change });
  }

  /** Thinking goes on in the same block until something else happens. */
  #withThought(runId: string, delta: string): Partial<Run> {
    const { text = "", steps = [] } = this.#find(runId) ?? {};
    const at = text.trimEnd().length;
    const last = steps.at(-1);
    if (last?.part.kind !== "thinking" || last.at !== at) {
      return { steps: [...steps, { at, part: { kind: "thinking", text: delta.trimStart() } }] };
    }
    const part: RunPart = { kind: "thinking", text: last.part.text + delta };
    return { steps: [...steps.slice(0, -1), { at, part }] };
  }

  #withTool(runId: string, data: Readonly<Record<string, unknown>>): Partial<Run> {
    const { text = "", steps = [] } = this.#find(runId) ?? {};
    const id = String(data.toolCallId);
    const known = steps.find(({ part }) => part.kind === "call" && part.call.id === id);
    const before = known?.part.kind === "call" ? known.part.call : newCall(id, data);
    const step: Step = { at: known?.at ?? text.trimEnd().length, part: { kind: "call", call: after(before, data) } };
    return { steps: known === undefined ? [...steps, step] : steps.map((each) => (each === known ? step : each)) };
  }

  #find(runId: string): Run | undefined {
    return this.#all.find((run) => run.runId === runId);
  }
}

function newCall(id: string, { name }: Readonly<Record<string, unknown>>): ToolCall {
  return { id, name: String(name), args: undefined, state: "running", startedAt: Date.now() };
}

/** A call after one of its events. */
function after(call: ToolCall, data: Readonly<Record<string, unknown>>): ToolCall {
  const { phase, args, partialResult, isError, result, meta, durationMs } = data;
  if (phase === "start") return { ...call, args };
  if (phase === "update") return { ...call, progress: String(partialResult ?? "") };
  return {
    ...call,
    state: endState(isError === true, isRecord(meta) ? meta : undefined),
    result: typeof result === "string" ? result : JSON.stringify(result, undefined, 2),
    meta: isRecord(meta) ? meta : undefined,
    durationMs: typeof durationMs === "number" ? durationMs : Date.now() - (call.startedAt ?? Date.now()),
  };
}

/** Wire texts begin in lower case and end in nothing. */
export function sentence(text: unknown): string {
  const trimmed = String(text ?? t("The reply failed"))
    .trim()
    .replace(/^Error: /, "");
  const ended = /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}

/** The end of a reply, for screen readers. */
export function announcementOf({ outcome, text }: Run): string {
  if (outcome.kind === "stopped") return t("The reply was stopped.");
  if (outcome.kind === "failed") return t("The reply failed: {0}", outcome.reason);
  return text.length > 400
    ? t("Reply: {0} … The whole reply is in the conversation.", text.slice(0, 400))
    : t("Reply: {0}", text);
}
