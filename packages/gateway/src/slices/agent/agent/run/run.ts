/** A live run: its request, its progress, and the one way to end it from outside. */

import { TellableError } from "../../../../base/errors.ts";
import { newMark } from "../../../../base/ids.ts";
import type { Words } from "../../../../kit/text/framing.ts";
import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import type { ModelPart, Usage } from "../../models/port.ts";
import type { RunStep } from "../turn/loop.ts";
import { RunEvents, type RunEventsOptions } from "./run-events.ts";
import type { AbortReason, RunOutcome, RunRecord } from "./run-store.ts";

/** How a run ended, and when. */
export interface RunResult {
  readonly outcome: RunOutcome;
  readonly sessionId: string;
  readonly acceptedAt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number;
}

/** A message to a run under way: the run that it would have been, and its text. */
export interface Steered {
  readonly runId: string;
  readonly content: readonly StoredPart[];
  /** Whether it is answered in a turn of its own as well. */
  readonly isKept: boolean;
}

/** Options of a run beside its record. */
export interface RunOptions
  extends Pick<
    RunEventsOptions,
    "bus" | "clock" | "isHidden" | "isQuiet" | "isVerbose" | "saysNothing" | "settled" | "streamsReasoning"
  > {
  /** Called before messages are passed to the run; returns those that still count. */
  hears?(said: readonly Steered[]): readonly Steered[];
}

type Thought = Extract<ModelPart, { kind: "reasoning" }>;

/** The most characters of reasoning. */
const MAX_REASONING_CHARS = 200_000;

export class Run {
  readonly record: RunRecord;
  readonly events: RunEvents;
  /** Resolves when the run has ended; a run that a stop of the gateway interrupts ends after the next start. */
  readonly finished: Promise<RunResult>;
  readonly #abort = new AbortController();
  readonly #resolve: (result: RunResult | Promise<RunResult>) => void;
  #abortReason: AbortReason | undefined;
  #startedAt: number | undefined;
  #isOver = false;
  /** The mark in the texts for the run's model; nobody outside can know it. */
  readonly mark: string;
  /** The system prompt, once it has been made; the part that changes with every run is separate. */
  prompt: { readonly system: string; readonly systemTail: string } | undefined;
  /** News since the turn before, once it has been read. */
  news: readonly Words[] | undefined;
  /** Makes the complete reply for people, when the conversation shows more than the model said. */
  decorate: ((text: string) => string) | undefined;
  #by: { readonly provider: string; readonly model: string } | undefined;
  #text = "";
  /** The start of the last turn's reply in the text. */
  #turnStart = 0;
  #isNewTurn = false;
  readonly #notes: string[] = [];
  #steered: Steered[] = [];
  readonly #hears: (said: readonly Steered[]) => readonly Steered[];
  /** The reasoning of all turns, and of the last turn in the form that must be sent back. */
  #reasoning = "";
  #thoughts: Thought[] = [];
  #contextTokens: number | undefined;
  #usage: Usage | undefined;
  #stopReason: string | undefined;
  #missing: string | undefined;

  constructor(record: RunRecord, { hears = (said) => said, ...options }: RunOptions) {
    this.record = record;
    this.mark = record.request.mark ?? newMark();
    this.#hears = hears;
    const { id: runId, sessionKey, request } = record;
    this.events = new RunEvents({ ...options, runId, sessionKey, spelledKey: request.spelledKey });
    const { promise, resolve } = Promise.withResolvers<RunResult>();
    this.finished = promise;
    this.#resolve = resolve;
  }

  get id(): string {
    return this.record.id;
  }

  get acceptedAt(): number {
    return this.record.acceptedAt;
  }

  /** Aborts when the run is to stop, whatever the reason. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The reason to end, when one was given. */
  get abortReason(): AbortReason | undefined {
    return this.#abortReason;
  }

  get hasBegun(): boolean {
    return this.#startedAt !== undefined;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What has been said so far. */
  get text(): string {
    return this.#text;
  }

  /** What the last turn said. */
  get turnText(): string {
    return this.#text.slice(this.#turnStart);
  }

  /** Notes for people beside the answer: that another model answers, or why the run ended early. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  /** Which model answers, as soon as one does. */
  get by(): { readonly provider: string; readonly model: string } | undefined {
    return this.#by;
  }

  /** The reasoning of all turns. */
  get reasoning(): string {
    return this.#reasoning;
  }

  /** The reasoning of the last turn, part by part. */
  get thoughts(): readonly Thought[] {
    return this.#thoughts;
  }

  /** How full the model's window was in the last turn. */
  get contextTokens(): number | undefined {
    return this.#contextTokens;
  }

  /** The usage of all turns. */
  get usage(): Usage | undefined {
    return this.#usage;
  }

  /** Why the model ended, unless it was simply done. */
  get stopReason(): string | undefined {
    return this.#stopReason;
  }

  /** A sentence for people on what is missing of the last turn's answer: it was cut off, or refused. */
  get missing(): string | undefined {
    return this.#missing;
  }

  began(startedAt: number): void {
    this.#startedAt = startedAt;
    this.events.started(startedAt);
  }

  /** Takes in one step of the answer. */
  take(step: RunStep): void {
    switch (step.kind) {
      case "text":
        return this.#say(step.delta);
      case "note":
        this.#notes.push(step.text);
        this.#say(`_${step.text}_`);
        this.#isNewTurn = true;
        return;
      case "answering":
        this.#by = step;
        return;
      case "usage":
        this.#usage = added(this.#usage, step.usage);
        this.#contextTokens = step.usage.totalTokens;
        return;
      case "taken-back":
        return this.#takeBack();
      case "finish":
        this.#stopReason = step.reason;
        this.#missing = step.note;
        return;
      case "turn-end":
        this.#isNewTurn = true;
        this.#turnStart = this.#text.length;
        this.#thoughts = [];
        return;
      case "reasoning":
        return this.#think(step);
      case "tool-call":
        return;
      case "tool-start":
      case "tool-update":
      case "tool-result":
        this.events.tool(step);
    }
  }

  /** Begins the answer again after a passing failure; its text so far is dropped. */
  beginAgain(): void {
    this.#text = "";
    this.#turnStart = 0;
    this.#isNewTurn = false;
    this.#thoughts = [];
    this.#usage = undefined;
    this.#stopReason = undefined;
    this.#missing = undefined;
    this.#notes.length = 0;
    this.events.shrank("");
  }

  /** Restores the text of an earlier attempt, turn by turn. */
  restore(texts: readonly string[]): void {
    if (texts.length === 0) return;
    this.#text = texts.filter((text) => text !== "").join("\n\n");
    this.#turnStart = this.#text.length;
    this.#isNewTurn = true;
  }

  /**
   * Passes a message to the run under way, which reads it at the end of this turn. False when the run reads no more: a
   * message after its last words waits for a turn of its own.
   */
  steer(message: Steered): boolean {
    if (this.#isOver || !this.hasBegun || this.signal.aborted) return false;
    this.#steered.push(message);
    return true;
  }

  /** Whether something was said meanwhile. */
  get isSteered(): boolean {
    return this.#steered.length > 0;
  }

  /** Takes the messages that arrived during the run; each is returned once. */
  takeSteered(): readonly Steered[] {
    const said = this.#steered;
    this.#steered = [];
    return said.length === 0 ? said : this.#hears(said);
  }

  /** Adds to the text; turns are paragraphs of one text. */
  #say(delta: string): void {
    if (this.#isNewTurn && this.#text !== "") {
      this.#text = `${this.#text.trimEnd()}\n\n`;
      this.#turnStart = this.#text.length;
    }
    this.#isNewTurn = false;
    this.#text += delta;
    // The text may be the start of the silent token; hold it back until that is decided.
    if (!"NO_REPLY".startsWith(this.turnText.trim())) this.events.grew(this.#text);
  }

  /** Drops the text of this answer; the next text replaces it. */
  #takeBack(): void {
    this.#thoughts = [];
    if (this.#isNewTurn) return;
    this.#text = this.#text.slice(0, this.#turnStart);
    this.events.shrank(this.#text);
  }

  #think({ delta, providerData }: Extract<RunStep, { kind: "reasoning" }>): void {
    const last = this.#thoughts.at(-1);
    if (last && !last.providerData) this.#thoughts.pop();
    const before = last && !last.providerData ? last.text : "";
    this.#thoughts.push({ kind: "reasoning", text: before + delta, ...(providerData && { providerData }) });
    if (delta === "" || this.#reasoning.length > MAX_REASONING_CHARS) return;
    this.#reasoning += delta;
    this.events.thought(this.#reasoning);
  }

  /** Asks the run to end for a reason that its record will name. */
  abort(reason: AbortReason): void {
    this.#abortReason ??= reason;
    this.#abort.abort(new TellableError(`aborted: ${reason}`));
  }

  /** Interrupts the run because the gateway stops; it is resumed after the next start. */
  interrupt(): void {
    this.#abort.abort(new TellableError("the gateway stops"));
    this.events[Symbol.dispose]();
  }

  /** Closes the run; callers that wait for it are told how the other one ends. */
  mergeInto({ finished }: Run): void {
    this.#isOver = true;
    this.#resolve(finished);
  }

  /** Closes the run and tells those who wait for it. */
  settle(outcome: RunOutcome, endedAt: number): RunResult {
    this.#isOver = true;
    const { sessionId, acceptedAt } = this.record;
    const result = { outcome, sessionId, acceptedAt, startedAt: this.#startedAt, endedAt };
    this.#resolve(result);
    return result;
  }
}

function added(before: Usage | undefined, more: Usage): Usage {
  if (!before) return more;
  const cacheRead = (before.cacheRead ?? 0) + (more.cacheRead ?? 0);
  const cacheWrite = (before.cacheWrite ?? 0) + (more.cacheWrite ?? 0);
  return {
    input: before.input + more.input,
    output: before.output + more.output,
    ...(cacheRead > 0 && { cacheRead }),
    ...(cacheWrite > 0 && { cacheWrite }),
    totalTokens: before.totalTokens + more.totalTokens,
  };
}
