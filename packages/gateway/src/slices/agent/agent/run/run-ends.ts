/** How runs end: each outcome as a value, and what is written of it in one transaction. */

import { ManyPort } from "../../../../kit/port.ts";
import type { Message } from "../../../core/sessions/schema.ts";
import type { AgentServices } from "../services.ts";
import { toStored } from "../turn/turn-log.ts";
import type { Run } from "./run.ts";
import { type AbortReason, BUILTIN, type RunOutcome, type RunRecord, type RunStore } from "./run-store.ts";

/** Who answered. */
export interface AnsweredBy {
  readonly provider: string;
  readonly model: string;
}

/** Told of every end of a run, in the transaction that records it: what it writes stands or falls with the outcome. */
export interface RunObserver {
  ended(record: RunRecord, outcome: RunOutcome): void;
}

/** Nobody has answered yet. */
const NOBODY: AnsweredBy = { provider: BUILTIN.provider, model: "none" };

/** What a model says that has nothing to say, having said it with a tool. */
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

/** The reply as people get it: with the sentence that says what is missing of it, and what the conversation shows beside. */
function shown(run: Run, text: string): string {
  const said = run.missing === undefined ? text : `${text}\n\n_${run.missing}_`;
  return run.dress?.(said) ?? said;
}

/** There is no answer, or only its beginning. */
export function failed(run: Run, error: string, by: AnsweredBy = NOBODY): RunOutcome {
  const { provider, model } = run.by ?? by;
  return { kind: "error", text: run.text.trim(), provider, model, usage: run.usage, error };
}

/** Somebody or something ended it from outside. */
export function aborted(run: Run, reason: AbortReason, by: AnsweredBy = NOBODY): RunOutcome {
  const { provider, model } = run.by ?? by;
  return { kind: "aborted", text: run.text.trim(), provider, model, usage: run.usage, reason };
}

/** Another run answers it. */
export function merged(into: string): RunOutcome {
  return { kind: "merged", into, text: "", ...NOBODY };
}

/** What an end has left. */
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

  /** Writes the outcome and the reply in one transaction. */
  record(run: Run, outcome: RunOutcome): Recorded {
    const { store, sessions } = this.#services;
    const { sessionKey: key, sessionId } = run.record;
    return store.transaction(() => {
      const endedAt = this.#end(run, outcome);
      if (key === "") return { endedAt, message: undefined };
      if (outcome.kind === "aborted" && outcome.reason === "dropped") {
        // What is left out is not shown to the model later either; it can still be searched.
        sessions.transcript.archiveRun(sessionId, run.id);
        return { endedAt, message: undefined };
      }
      return { endedAt, message: this.#keepReply(run, outcome) };
    });
  }

  /** Writes that messages are answered by another run, and are part of it from now on; returns when. */
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
    // Earlier turns stand in the transcript already.
    const last = spoken(run.turnText);
    const stored = sessions.transcript.append(
      { key, sessionId },
      {
        role: "assistant",
        content: [
          // What broke off has no signature, without which its maker refuses to see it again.
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
    return { ...sessions.transcript.toWire(stored), content: [{ type: "text", text }] };
  }
}

/** What people were told beside the model's own words; a model never reads it. */
function detailsOf({ notes, text: said }: Run, told: string): { details?: Readonly<Record<string, unknown>> } {
  const own = spoken(said);
  const footer = told.startsWith(own) ? told.slice(own.length).trim() : "";
  if (notes.length === 0 && footer === "") return {};
  return { details: { kind: "reply", ...(notes.length > 0 && { notes }), ...(footer !== "" && { footer }) } };
}
