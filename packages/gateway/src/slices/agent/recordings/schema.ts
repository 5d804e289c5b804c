/** Runs and their recordings as the wire says them. */
import { Type } from "@sinclair/typebox";
import { Id, Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

const Count = Type.Integer({ minimum: 0 });

/** A run without what was said in it. */
export const RunRow = Type.Object({
  runId: NonEmpty,
  agentId: NonEmpty,
  sessionKey: Type.String(),
  source: NonEmpty,
  status: OneOf("accepted", "running", "ok", "error", "aborted", "merged"),
  model: Type.Optional(Type.String({ description: "provider/model that answered." })),
  acceptedAt: Millis,
  startedAt: Type.Optional(Millis),
  endedAt: Type.Optional(Millis),
  totalTokens: Type.Optional(Count),
  recorded: Type.Boolean({ description: "Whether it can be replayed." }),
});

/** A run as `tasks.list` shows it. */
export const TaskRow = Type.Object({
  id: NonEmpty,
  taskId: NonEmpty,
  runId: NonEmpty,
  kind: NonEmpty,
  status: OneOf("queued", "running", "completed", "failed", "cancelled"),
  agentId: NonEmpty,
  sessionKey: Type.String(),
  title: NonEmpty,
  createdAt: Millis,
  startedAt: Type.Optional(Millis),
  endedAt: Type.Optional(Millis),
  updatedAt: Millis,
});

/** One request to a provider, without the texts. */
export const ExchangeRow = Type.Object({
  at: Type.Integer({ minimum: 0, description: "Milliseconds after the run began." }),
  url: Type.String(),
  status: Type.Optional(Type.Integer()),
  durationMs: Type.Optional(Count),
  requestChars: Count,
  responseChars: Count,
  error: Type.Optional(Type.String()),
});

export const ToolRow = Type.Object({ name: NonEmpty, callId: NonEmpty, isError: Type.Boolean(), chars: Count });

export const RunDetails = Type.Object({
  run: RunRow,
  message: Type.String(),
  text: Type.String(),
  error: Type.Optional(Type.String()),
  exchanges: Type.Array(ExchangeRow),
  tools: Type.Array(ToolRow),
  events: Count,
});

export const RunEvent = Type.Object({ stream: NonEmpty, data: Type.Record(Type.String(), Type.Unknown()) });

export const ReplayReport = Type.Object({
  runId: NonEmpty,
  same: Type.Boolean({ description: "Whether the replay said and did what was recorded." }),
  text: Type.String(),
  requests: Count,
  events: Type.Array(RunEvent),
  differences: Type.Array(Type.Object({ at: NonEmpty, recorded: Type.String(), replayed: Type.String() })),
  durationMs: Count,
});

/** Which run is meant. */
export const WhichRun = { runId: Id };
