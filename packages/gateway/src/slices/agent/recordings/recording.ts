/**
 * A recorded run: everything that it got from outside, in order, so that the loop can run again without the outside.
 */
import type { ToolResult } from "../../../kit/tool.ts";
import type { Beginning } from "../agent/recorder.ts";
import type { RunOutcome, RunRecord } from "../agent/run/run-store.ts";
import type { ModelMessage, Thinking, ToolSpec } from "../models/port.ts";
import type { Model, Provider } from "../models/providers/providers.ts";

export const VERSION = 1;

/** One request to a provider and what came back. Headers that could carry a credential are not kept. */
export interface Exchange {
  /** Milliseconds after the run began. */
  readonly at: number;
  readonly method: string;
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string;
  status?: number;
  responseHeaders?: Readonly<Record<string, string>>;
  responseBody: string;
  durationMs?: number;
  /** Whether compaction asked, not the loop; a replay uses its result. */
  aside?: boolean;
  /** Why there was no whole answer. */
  error?: { readonly message: string; readonly code?: string | undefined };
}

/** What a tool said: on the way, or at the end. */
export type Heard =
  | { readonly kind: "update"; readonly callId: string; readonly text: string }
  | { readonly kind: "result"; readonly callId: string; readonly name: string; readonly result: ToolResult };

/** An event of the run as watchers saw it. */
export interface KeptEvent {
  readonly stream: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A model and its provider without what is secret. */
export type KeptModel = Omit<Model, "provider"> & {
  readonly provider: Pick<Provider, "id" | "label" | "api" | "baseUrl">;
};

/** What the model was asked with, the same through all turns. */
export interface Question {
  readonly model: KeptModel;
  readonly fallbacks: readonly KeptModel[];
  readonly system: string;
  /** What was another text in every run; recordings of earlier versions have it in `system`. */
  readonly systemTail?: string | undefined;
  readonly tools: readonly ToolSpec[];
  readonly thinking?: Thinking | undefined;
}

/** One run as kept on disk and in exported files. */
export interface Recording {
  readonly version: typeof VERSION;
  readonly run: Pick<RunRecord, "id" | "source" | "sessionKey" | "sessionId" | "acceptedAt"> & {
    readonly message: string;
    readonly startedAt: number;
    readonly endedAt: number;
  };
  readonly outcome: RunOutcome;
  readonly question: Question;
  readonly beginning: Beginning;
  /** What had been said before, when this attempt took the run up again. */
  readonly restored: string;
  readonly maxTurns: number;
  /** The mark in what the model was shown; earlier versions showed what tools answered as it was. */
  readonly mark?: string | undefined;
  /** Names of tool calls, in the order in which they were given. */
  readonly names: readonly string[];
  /** Which of the tools change something. */
  readonly changing: readonly string[];
  readonly heard: readonly Heard[];
  /** Whether people had said something meanwhile, at each time the loop looked. */
  readonly wasSteered: readonly boolean[];
  /** What people said meanwhile, at each time the loop asked. */
  readonly steered: readonly (readonly ModelMessage[])[];
  /** The shorter conversation, at each time the loop asked for one. */
  readonly shrunk: readonly (readonly ModelMessage[] | null)[];
  readonly exchanges: readonly Exchange[];
  readonly events: readonly KeptEvent[];
}

/** As text; bytes are base64 in an object of their own. */
export function toText(recording: Recording): string {
  // Use a function, not an arrow: buffers become lists of numbers before the replacer sees them.
  return JSON.stringify(recording, function (this: Record<string, unknown>, key: string, value: unknown) {
    const given = this[key];
    return given instanceof Uint8Array ? { $bytes: Buffer.from(given).toString("base64") } : value;
  });
}

/** The recording in a text or in its parsed JSON; undefined when it is none. */
export function fromJson(value: unknown): Recording | undefined {
  const recording = withBytes(value) as Partial<Recording> | null;
  const isOne =
    recording?.version === VERSION &&
    typeof recording.run?.id === "string" &&
    typeof recording.question?.model?.ref === "string" &&
    [recording.beginning?.messages, recording.beginning?.pending].every(Array.isArray) &&
    [
      recording.names,
      recording.changing,
      recording.heard,
      recording.wasSteered,
      recording.steered,
      recording.shrunk,
    ].every(Array.isArray) &&
    [recording.exchanges, recording.events, recording.question.tools, recording.question.fallbacks].every(
      Array.isArray,
    );
  return isOne ? (recording as Recording) : undefined;
}

function withBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withBytes);
  const { $bytes } = value as { $bytes?: unknown };
  if (typeof $bytes === "string") return new Uint8Array(Buffer.from($bytes, "base64"));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withBytes(each)]));
}
