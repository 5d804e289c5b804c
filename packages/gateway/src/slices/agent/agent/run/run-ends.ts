/** The ends of runs: each outcome as a value, and the transaction that records it. */

import { ManyPort } from "../../../../kit/port.ts";
import type { Message } from "../../../core/sessions/schema.ts";
import type { AgentServices } from "../services.ts";
import { toStored } from "../turn/turn-log.ts";
import type { Run } from "./run.ts";
import { type AbortReason, BUILTIN, type RunOutcome, type RunRecord, type RunStore } from "./run-store.ts";

/** The model or agent that answered. */
export interface AnsweredBy {
  readonly provider: string;
  readonly model: string;
}

/** Called for every end of a run, in the transaction that records it: its writes succeed or fail with the outcome. */
export interface RunObserver {
  ended(record: RunRecord, outcome: RunOutcome): void;
}

/** The value when nobody has answered yet. */
const NOBODY: AnsweredBy = { provider: BUILTIN.provider, model: "none" };

/** The silent reply of a model that has said everything with a tool. */
const NOTHING_TO_SAY = /(?:^|\n)[^\S\n]{0,80}NO_REPLY$/;

function spoken(text: string): string {
  return text.trim().replace(NOTHING_TO_SAY, "").trim();
}

/** The answer is complete. `stopReason` is why it ended, unless the model was simply done. */
export function done(run: Run, by: AnsweredBy, stopReason: string | undefined): RunOutcome {
  const { provider, model } = run.by ?? by;
  const text = spoken(run.text);
  return {
    kind: "ok",
    text: text === "" ? text : shown(run, text),
    provider,
    model,
    usage: run.usage,
    stopReason,
  };
}

/** The reply for people: with the sentence about what is missing, and the additions that the conversation shows. */
function shown(run: Run, text: string): string {
  const said = run.missing === undefined ? text : `${text}\n\n_${run.missing}_`;
  return run.decorate?.(said) ?? said;
}

/** The outcome of a failed run, which has no answer or only its beginning. */
export function failed(run: Run, error: string, by: AnsweredBy = NOBODY): RunOutcome {
  const { provider, model } = run.by ?? by;
  return { kind: "error", text: run.text.trim(), provider, model, usage: run.usage, error };
}

/** The outcome of a run that was ended from outside. */
export function aborted(run: Run, reason: AbortReason, by: AnsweredBy = NOBODY): RunOutcome {
  const { provider, model } = run.by ?? by;
  return { kind: "aborted", text: run.text.trim(), provider, model, usage: run.usage, reason };
}

/** The outcome of a run that another run answers. */
export function merged(into: string): RunOutcome {
  return { kind: "merged", into, text: "", ...NOBODY };
}

/** What was recorded of an end. */
export interface Recorded {
  readonly endedAt: number;
  /** The reply as the wire says it, when there is one. */
  readonly message: Message | undefined;
}

export class RunEnds {
  readonly #services: AgentServices;
  readonly #store: RunStore;
  /** Who is told of ends. */
  readonly observers = new ManyPort<RunObserver>();

  constructor(services: AgentServices, store: RunStore) {
    this.#services = services;
    this.#store = store;
  }

  /**
   * Writes the outcome and the reply in one transaction. A reply to a channel is marked on disk before it is sent, which
   * takes the outcome along; a power cut before that takes the run back, and it ends once more.
   */
  record(run: Run, outcome: RunOutcome): Recorded {
    const { store, sessions } = this.#services;
    const { sessionKey: key, sessionId, source } = run.record;
    const record = () => {
      const endedAt = this.#end(run, outcome);
      if (key === "") return { endedAt, message: undefined };
      if (outcome.kind === "aborted" && outcome.reason === "dropped") {
        // A left-out message is not shown to the model later, but can be searched.
        sessions.transcript.archiveRun(sessionId, run.id);
        return { endedAt, message: undefined };
      }
      return { endedAt, message: this.#keepReply(run, outcome) };
    };
    return source === "channel" ? store.unsynced(record) : store.transaction(record);
  }

  /** Records that another run answers messages, which become part of it; returns the time. */
  recordMerge(runs: readonly Run[], into: Run): number[] {
    return runs.map((run) => this.#end(run, merged(into.id)));
  }

  #end(run: Run, outcome: RunOutcome): number {
    const endedAt = this.#store.end(run.id, outcome);
    for (const observer of this.observers) observer.ended(run.record, outcome);
    return endedAt;
  }

  #keepReply(run: Run, outcome: RunOutcome): Message | undefined {
    const { sessions } = this.#services;
    const { sessionKey: key, sessionId } = run.record;
    const { kind, text, provider, model, usage } = outcome;
    const isBuiltin = provider === BUILTIN.provider;
    sessions.noteRun(key, {
      sessionId,
      aborted: kind === "aborted",
      usage: isBuiltin || !usage ? undefined : { ...usage, totalTokens: run.contextTokens ?? usage.totalTokens },
      model: isBuiltin ? undefined : `${provider}/${model}`,
    });
    if (kind === "ok" && text === "") return undefined;
    // Earlier turns are in the transcript already.
    const last = spoken(run.turnText);
    const stored = sessions.transcript.append(
      { key, sessionId },
      {
        role: "assistant",
        content: [
          // Reasoning that broke off has no signature, and its maker refuses it without one.
          ...(kind === "ok" ? run.thoughts.flatMap(toStored) : []),
          ...(last === "" ? [] : [{ type: "text" as const, text: last }]),
        ],
        runId: run.id,
        provider,
        model,
        usage,
        stopReason: kind === "ok" ? (outcome.stopReason ?? "stop") : kind,
        ...(kind === "error" && { errorMessage: outcome.error }),
        ...detailsOf(run, text),
      },
    );
    if (text === "") return undefined;
    return { ...sessions.transcript.wire.of(stored), content: [{ type: "text", text }] };
  }
}

/** The notes that people saw beside the answer; a model never reads them. */
function detailsOf({ notes, text: said }: Run, told: string): { details?: Readonly<Record<string, unknown>> } {
  const own = spoken(said);
  const footer = told.startsWith(own) ? told.slice(own.length).trim() : "";
  if (notes.length === 0 && footer === "") return {};
  return { details: { kind: "reply", ...(notes.length > 0 && { notes }), ...(footer !== "" && { footer }) } };
}
