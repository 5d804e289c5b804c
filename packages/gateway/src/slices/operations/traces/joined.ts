/** Traces that callers have begun, and what those are told whom a run asks. Source: W3C Trace Context, level 1. */
import { messageTraceId, runTraceId, spanIdOf } from "../../../base/trace-id.ts";
import type { RunTracing } from "../../agent/models/run-tracing.ts";
import type { Messaging } from "../../surfaces/messaging/messaging.ts";

/** The trace and the span of the caller. */
export interface Parent {
  readonly traceId: string;
  readonly parentSpanId: string;
  /** Two hexadecimal digits; the last bit says whether the caller keeps its spans. */
  readonly flags: string;
}

/** Callers' traces that are kept; the oldest is forgotten, and its run has a trace of its own again. */
const MAX_JOINED = 2_000;
const SAMPLED = "01";

/** Version 00 has these four fields; a later version may have more behind them. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The caller's trace; undefined for a header that is missing, repeated, or not as the specification has it. */
export function parentIn(traceparent: unknown): Parent | undefined {
  if (typeof traceparent !== "string") return undefined;
  const [, version, traceId = "", parentSpanId = "", flags = "", more] = TRACEPARENT.exec(traceparent.trim()) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentSpanId)) return undefined;
  return { traceId, parentSpanId, flags };
}

export class JoinedTraces implements RunTracing {
  readonly #ownTraceOf: (runId: string) => string;
  readonly #joined = new Map<string, Parent>();

  constructor(ownTrace: (runId: string) => string) {
    this.#ownTraceOf = ownTrace;
  }

  join(runId: string, traceparent: unknown): void {
    const parent = parentIn(traceparent);
    if (parent === undefined) return;
    this.#joined.set(runId, parent);
    for (const [oldest] of this.#joined) {
      if (this.#joined.size <= MAX_JOINED) break;
      this.#joined.delete(oldest);
    }
  }

  /** The caller's trace of a run. */
  of(runId: string): Parent | undefined {
    return this.#joined.get(runId);
  }

  headersFor(runId: string): Readonly<Record<string, string>> {
    const joined = this.of(runId);
    const traceId = joined?.traceId ?? this.#ownTraceOf(runId);
    return { traceparent: `00-${traceId}-${runSpanId(traceId, runId)}-${flagsFor(joined)}` };
  }
}

/** Of the flags only the one that version 00 knows is passed on. */
function flagsFor(joined: Parent | undefined): string {
  if (joined === undefined) return SAMPLED;
  return (Number.parseInt(joined.flags, 16) & 1) === 1 ? SAMPLED : "00";
}

/** The trace of a run that no caller has begun: that of the message which began it, else its own. */
export function ownTraceOf({ inbox }: Messaging, runId: string): string {
  const [first] = inbox.ofRun(runId);
  return first ? messageTraceId(first) : runTraceId(runId);
}

/** The span of a run in its trace. */
export function runSpanId(traceId: string, runId: string): string {
  return spanIdOf(traceId, `run ${runId}`);
}
