/** Publishes the events of one run: `agent` events for every step, `chat` events for chat windows. */
import type { Bus } from "../../../../base/bus.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Message } from "../../../core/sessions/schema.ts";
import { agent, chat } from "../events.ts";
import type { ChatPayload } from "../schema.ts";
import type { RunStep } from "../turn/loop.ts";
import type { RunOutcome } from "./run-store.ts";

/** The least time between two `chat` deltas, ms (protocol: chat events). */
const CHAT_DELTA_MS = 150;
const AGENT_DELTA_MS = 25;
/** Watchers see the beginning of what a tool answered; the transcript has all of it. */
const MAX_RESULT_CHARS = 4_000;
/** Watchers see the beginning of a call's arguments: this much of each text, and this much of all of them. */
const MAX_ARG_CHARS = 2_000;
const MAX_ARGS_CHARS = 16_000;
/** Every delta carries the whole text, so they become rarer as it grows: one millisecond for so many characters. */
const CHARS_PER_MS = 100;

export interface RunEventsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly runId: string;
  /** As the caller spelled it. */
  readonly spelledKey: string | undefined;
  readonly sessionKey: string;
  /** Whether only the last event is published, as for replies to slash commands in a chat. */
  readonly isQuiet: boolean;
  /** Whether chat windows see nothing before the end, as of heartbeats. */
  readonly isHidden?: boolean;
  /** Asked at the end: whether the reply says nothing to people, so that chat windows do not hear of it. */
  saysNothing?(): boolean;
  /** The beginning of a growing text that may leave, without secrets; all of it when the text `isOver`. */
  settled(text: string, isOver?: boolean): string;
  /** Whether the session shows how the model thinks while it does. */
  streamsReasoning?(): boolean;
  /** Whether the session shows tools to clients of protocol 3 (protocol: agent events). */
  isVerbose(): boolean;
}

export class RunEvents implements Disposable {
  readonly #options: RunEventsOptions;
  #seq = 0;
  #text = "";
  #told = "";
  #toldAt = Number.NEGATIVE_INFINITY;
  #chatSent = "";
  #chatSentAt = Number.NEGATIVE_INFINITY;
  #later: Disposable | undefined;
  #thought = "";
  #thoughtTold = "";
  #thoughtToldAt = Number.NEGATIVE_INFINITY;

  constructor(options: RunEventsOptions) {
    this.#options = options;
  }

  started(startedAt: number): void {
    this.#agent("lifecycle", { phase: "start", startedAt });
  }

  /** Publishes the text so far, at once or a little later. */
  grew(text: string): void {
    this.#text = text;
    if (this.#later) return;
    const waitMs =
      this.#toldAt + Math.max(AGENT_DELTA_MS, text.length / CHARS_PER_MS) - this.#options.clock.monotonic();
    if (waitMs <= 0) return this.#tell();
    this.#later = this.#options.clock.after(waitMs, () => {
      this.#later = undefined;
      this.#tell();
    });
  }

  /** Notes that text was taken back; the next event has the remaining text. */
  shrank(text: string): void {
    this.#later?.[Symbol.dispose]();
    this.#later = undefined;
    this.#text = text;
    const left = this.#options.settled(text);
    if (this.#told.length > left.length) this.#told = common(this.#told, left);
    if (this.#chatSent.length > left.length) this.#chatSent = common(this.#chatSent, left);
  }

  /** Publishes the reasoning so far, where the conversation shows it. */
  thought(text: string): void {
    const { clock, streamsReasoning } = this.#options;
    if (!streamsReasoning?.()) return;
    this.#thought = text;
    if (clock.monotonic() - this.#thoughtToldAt >= Math.max(AGENT_DELTA_MS, text.length / CHARS_PER_MS))
      this.#tellThought();
  }

  /** The older part of the conversation is being summarised, or has been; then the model may be asked again. */
  compaction(data: { readonly phase: "start" } | { readonly phase: "end"; readonly willRetry: boolean }): void {
    this.#agent("compaction", data);
  }

  /** Publishes the start, progress or end of a tool; pending text is published first. */
  tool(step: Extract<RunStep, { kind: "tool-start" | "tool-update" | "tool-result" }>): void {
    this.#tellThought();
    const { callId: toolCallId, name, args } = step.call;
    const verbose = this.#options.isVerbose() ? { verbose: true } : {};
    if (step.kind === "tool-start") this.#tell();
    if (step.kind === "tool-start")
      return this.#agent("tool", { phase: "start", name, toolCallId, args: shown(args), ...verbose });
    if (step.kind === "tool-update")
      return this.#agent("tool", { phase: "update", name, toolCallId, partialResult: step.text, ...verbose });
    const { text, meta, isError = false } = step.result;
    const result = text.length > MAX_RESULT_CHARS ? `${text.slice(0, MAX_RESULT_CHARS)}…` : text;
    this.#agent("tool", {
      ...{ phase: "result", name, toolCallId, isError, result, durationMs: step.durationMs },
      ...(meta && { meta }),
      ...verbose,
    });
  }

  /** Publishes the end of the run. `message` is the stored reply, if there is one. */
  ended(
    outcome: RunOutcome,
    times: { startedAt: number | undefined; endedAt: number },
    message: Message | undefined,
  ): void {
    this[Symbol.dispose]();
    this.#tell(true);
    const { startedAt, endedAt } = times;
    if (outcome.kind === "merged") {
      // Clients of protocol 3 know no better word: the message is answered, elsewhere (protocol: chat events).
      this.#agent("lifecycle", { phase: "end", endedAt, mergedInto: outcome.into });
      this.#chat({ seq: Math.max(1, this.#seq), state: "final", stopReason: "merged" });
    } else if (outcome.kind === "aborted") {
      const { reason } = outcome;
      this.#chat({ seq: this.#seq + 1, state: "aborted", stopReason: reason, ...(message && { message }) });
      this.#agent("lifecycle", { phase: "end", startedAt, endedAt, aborted: true });
    } else if (outcome.kind === "error") {
      this.#agent("lifecycle", { phase: "error", startedAt: startedAt ?? endedAt, endedAt, error: outcome.error });
      this.#chat({ seq: this.#seq, state: "error", errorMessage: outcome.error });
    } else {
      const { usage } = outcome;
      this.#agent("lifecycle", { phase: "end", startedAt, endedAt });
      if (this.#options.saysNothing?.()) return;
      this.#chat({ seq: Math.max(1, this.#seq), state: "final", ...(message && { message }), ...(usage && { usage }) });
    }
  }

  [Symbol.dispose](): void {
    this.#later?.[Symbol.dispose]();
    this.#later = undefined;
  }

  #tellThought(isOver = false): void {
    const text = this.#options.settled(this.#thought, isOver);
    const delta = added(this.#thoughtTold, text);
    if (delta === "") return;
    this.#agent("reasoning", { text, delta });
    this.#thoughtTold = text;
    this.#thoughtToldAt = this.#options.clock.monotonic();
  }

  /** Removes secrets before cutting: two pieces of a secret would not be recognised. */
  #tell(isOver = false): void {
    this.#tellThought(isOver);
    if (this.#options.isQuiet || (this.#text.length === this.#told.length && this.#text === this.#told)) return;
    const text = this.#options.settled(this.#text, isOver);
    const delta = added(this.#told, text);
    if (delta === "") return;
    const { clock } = this.#options;
    const now = clock.monotonic();
    this.#agent("assistant", { text, delta });
    this.#told = text;
    this.#toldAt = now;
    if (this.#options.isHidden || now - this.#chatSentAt < Math.max(CHAT_DELTA_MS, text.length / CHARS_PER_MS)) return;
    const deltaText = added(this.#chatSent, text);
    const message: Message = { role: "assistant", content: [{ type: "text", text }], timestamp: clock.now() };
    this.#chat({ seq: this.#seq, state: "delta", message, deltaText });
    this.#chatSent = text;
    this.#chatSentAt = now;
  }

  #agent(
    stream: "lifecycle" | "assistant" | "tool" | "reasoning" | "compaction",
    data: Readonly<Record<string, unknown>>,
  ): void {
    const { bus, clock, runId, spelledKey, isQuiet } = this.#options;
    if (isQuiet) return;
    this.#seq++;
    bus.publish(agent, {
      runId,
      seq: this.#seq,
      stream,
      ts: clock.now(),
      data,
      ...(spelledKey && { sessionKey: spelledKey }),
    });
  }

  #chat(event: Omit<ChatPayload, "runId" | "sessionKey">): void {
    const { bus, runId, spelledKey, sessionKey } = this.#options;
    // A run that found no conversation has no key to tell it by; its caller has the answer.
    const key = spelledKey || sessionKey;
    if (key) bus.publish(chat, { runId, sessionKey: key, ...event });
  }
}

/** The new part of a text. Up to 3 characters of a secret may have been sent before it was recognised. */
function added(told: string, text: string): string {
  return text.startsWith(told) ? text.slice(told.length) : text.slice(common(told, text).length);
}

/** The common beginning of two texts. */
function common(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

function shown(args: unknown): unknown {
  if (typeof args !== "object" || args === null || JSON.stringify(args).length <= MAX_ARGS_CHARS) return args;
  const short = Object.entries(args).map(([key, value]) => [key, typeof value === "string" ? beginning(value) : value]);
  const json = JSON.stringify(Object.fromEntries(short));
  return json.length <= MAX_ARGS_CHARS ? Object.fromEntries(short) : { beginning: beginning(json) };
}

function beginning(text: string): string {
  return text.length <= MAX_ARG_CHARS
    ? text
    : `${text.slice(0, MAX_ARG_CHARS).toWellFormed()}… (${text.length} characters)`;
}
