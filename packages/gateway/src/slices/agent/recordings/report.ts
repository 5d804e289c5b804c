/** Runs and recordings in the wire's words. */

import type { Static } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import type { RunRecord } from "../agent/run/run-store.ts";
import type { Recording } from "./recording.ts";
import type { Replay } from "./replay.ts";
import type { ReplayReport, RunDetails, RunRow } from "./schema.ts";

/** A run without what was said in it. */
export function rowOf(
  { id, sessionKey, source, acceptedAt, startedAt, endedAt, outcome }: RunRecord,
  { agentId, recorded }: { agentId: string; recorded: boolean },
): Static<typeof RunRow> {
  return {
    runId: id,
    agentId,
    sessionKey,
    source,
    status: outcome?.kind ?? (startedAt === undefined ? "accepted" : "running"),
    ...(outcome && { model: `${outcome.provider}/${outcome.model}` }),
    acceptedAt,
    ...defined({ startedAt, endedAt }),
    ...(outcome?.usage && { totalTokens: outcome.usage.totalTokens }),
    recorded,
  };
}

/** What happened in it, as far as it is known. */
export function detailsOf(
  row: Static<typeof RunRow>,
  { request, outcome }: Pick<RunRecord, "request" | "outcome">,
  recording: Recording | undefined,
): Static<typeof RunDetails> {
  const { exchanges = [], heard = [], events = [] } = recording ?? {};
  return {
    run: row,
    message: request.message,
    text: outcome?.text ?? "",
    ...(outcome?.kind === "error" && { error: outcome.error }),
    exchanges: exchanges.map(({ at, url, status, durationMs, requestBody, responseBody, error }) => ({
      at,
      url,
      ...defined({ status, durationMs }),
      requestChars: requestBody.length,
      responseChars: responseBody.length,
      ...(error && { error: error.message }),
    })),
    tools: heard.flatMap((each) =>
      each.kind === "update"
        ? []
        : [
            {
              name: each.name,
              callId: each.callId,
              isError: each.result.isError ?? false,
              chars: each.result.text.length,
            },
          ],
    ),
    events: events.length,
  };
}

/** The result of a replay as the wire has it. */
export function replayOf({ run }: Recording, replay: Replay): Static<typeof ReplayReport> {
  const { text, requests, events, differences, durationMs } = replay;
  return {
    ...{ runId: run.id, same: differences.length === 0, text, requests, durationMs },
    events: [...events],
    differences: [...differences],
  };
}
