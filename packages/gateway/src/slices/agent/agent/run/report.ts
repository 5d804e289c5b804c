/** An ended run in the wire's form (protocol: agent, agent.wait). */

import type { Static } from "@sinclair/typebox";
import { defined } from "../../../../base/defined.ts";
import { GatewayError } from "../../../../base/errors.ts";
import type { RunReport } from "../schema.ts";
import type { RunResult } from "./run.ts";

/** The final answer of the `agent` method. Throws `UNAVAILABLE` with the payload beside it when the run failed. */
export function finalAnswer(runId: string, result: RunResult) {
  const error = errorOf(result);
  if (error !== undefined) {
    throw new GatewayError("UNAVAILABLE", error, { payload: { runId, status: "error", summary: error } });
  }
  return { runId, status: "ok" as const, summary: "completed", result: reportOf(result) };
}

/** What `agent.wait` says of it. */
export function waitAnswer(runId: string, result: RunResult) {
  const { startedAt, endedAt } = result;
  const error = errorOf(result);
  return {
    runId,
    status: error === undefined ? ("ok" as const) : ("error" as const),
    ...defined({ startedAt }),
    endedAt,
    ...defined({ error }),
  };
}

/** The failure of a run; none for a run that a person stopped. */
export function errorOf({ outcome }: RunResult): string | undefined {
  if (outcome.kind === "error") return outcome.error;
  if (outcome.kind === "aborted" && outcome.reason === "dropped")
    return "too many messages waited; this one was left out";
  return outcome.kind === "aborted" && outcome.reason === "timeout"
    ? "the run reached its time limit and was stopped"
    : undefined;
}

function reportOf({ outcome, sessionId, acceptedAt, startedAt, endedAt }: RunResult): Static<typeof RunReport> {
  const { text, provider, model, usage } = outcome;
  return {
    payloads: text === "" ? [] : [{ text, mediaUrl: null }],
    meta: {
      durationMs: Math.max(0, endedAt - (startedAt ?? acceptedAt)),
      agentMeta: { sessionId, provider, model, ...(usage && { usage }) },
      aborted: outcome.kind === "aborted",
      ...(outcome.kind === "ok" && outcome.stopReason !== undefined && { stopReason: outcome.stopReason }),
    },
  };
}
